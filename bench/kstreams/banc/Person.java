package banc;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What is kept of a person: only what the outputs need, less than our own stage keeps. */
final class Person {
  static final int NO_DAY = Integer.MIN_VALUE;

  static final class Situation {
    boolean present;
    boolean presentBefore;
    Boolean rights;
    long observed;
    int entry = NO_DAY;
  }

  long seen = -1;
  long identityObserved;
  byte[] identity;
  List<byte[]> contacts = List.of();
  final Map<String, Situation> situations = new TreeMap<>();

  /** Brings the state up to date. An event without territory concerns no situation. */
  void fold(Event event, String authority) {
    for (Situation one : situations.values()) one.presentBefore = one.present;
    if (event.tellsContact) contacts = new ArrayList<>(event.contacts);
    if (event.identity != null && event.observed >= identityObserved) {
      identity = event.identity;
      identityObserved = event.observed;
    }
    if (authority != null) {
      situate(situations.computeIfAbsent(authority, code -> new Situation()), event);
    }
  }

  private static void situate(Situation seen, Event event) {
    if (event.observed < seen.observed) return;
    switch (event.type) {
      case "rsa.etat.publie" -> {
        String state = event.state.toString();
        seen.present = !state.equals("5") && !state.equals("6");
        if (event.rights != null) {
          seen.rights = event.rights;
          seen.observed = event.observed;
        }
      }
      case "rsa.droits_devoirs.entree" -> {
        seen.present = true;
        seen.rights = true;
        seen.observed = event.observed;
        seen.entry = event.effect;
      }
      case "rsa.droits_devoirs.sortie" -> {
        seen.rights = false;
        seen.observed = event.observed;
        seen.entry = NO_DAY;
      }
      default -> {}
    }
  }

  byte[] bytes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeLong(seen);
    out.writeLong(identityObserved);
    put(out, identity == null ? new byte[0] : identity);
    out.writeShort(contacts.size());
    for (byte[] part : contacts) put(out, part);
    for (Map.Entry<String, Situation> one : situations.entrySet()) {
      Situation known = one.getValue();
      out.writeUTF(one.getKey());
      out.writeBoolean(known.present);
      out.writeByte(known.rights == null ? 2 : known.rights ? 1 : 0);
      out.writeLong(known.observed);
      out.writeInt(known.entry);
    }
    return bytes.toByteArray();
  }

  static Person of(byte[] data) throws IOException {
    Person person = new Person();
    if (data == null) return person;
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(data));
    person.seen = in.readLong();
    person.identityObserved = in.readLong();
    byte[] identity = in.readNBytes(in.readInt());
    person.identity = identity.length == 0 ? null : identity;
    int count = in.readShort();
    person.contacts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) person.contacts.add(in.readNBytes(in.readInt()));
    while (in.available() > 0) {
      Situation known = new Situation();
      person.situations.put(in.readUTF(), known);
      known.present = in.readBoolean();
      int rights = in.readByte();
      known.rights = rights == 2 ? null : rights == 1;
      known.observed = in.readLong();
      known.entry = in.readInt();
    }
    return person;
  }

  private static void put(DataOutputStream out, byte[] part) throws IOException {
    out.writeInt(part.length);
    out.write(part);
  }
}
