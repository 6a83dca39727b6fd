package banc;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Reads the fields that decide, cuts the sealed parts out, and appends to the bytes: as our own stage does. */
final class Append implements Way {
  private static final int IDENTITY = 1;
  private static final int CONTACT = 5;
  private static final int REFUSED = 2;

  private final Contract contract;
  private final Map<String, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream(2048);
  private BinaryDecoder in;
  private BinaryEncoder to;

  Append(Contract contract) {
    this.contract = contract;
    for (Map.Entry<String, Schema> one : contract.types().entrySet()) {
      Schema donnees = one.getValue().getField("donnees").schema();
      readers.put(one.getKey(), new GenericDatumReader<>(donnees));
    }
  }

  @Override
  public Event read(byte[] value) throws IOException {
    Event event = new Event();
    event.content = value;
    event.type = contract.writer(value).type();
    in = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, in);
    in.skipString(); // id
    in.skipString(); // type
    in.skipString(); // source
    in.readBoolean();
    event.effect = in.readInt();
    event.observed = in.readLong();
    in.readLong();
    skipOptional(); // cle_personne
    skipOptional(); // cle_dossier
    event.departement = optional();
    event.commune = optional();
    in.skipString(); // flux_id
    in.readInt();
    skipOptional(); // regle
    skipOptional(); // corrige
    skipOptional(); // annule
    for (long left = in.readArrayStart(); left > 0; left = in.arrayNext())
      for (long i = 0; i < left; i++) scope(event, in.readString());
    GenericRecord donnees = readers.get(event.type).read(null, in);
    if (event.type.equals("rsa.etat.publie")) {
      event.state = (CharSequence) donnees.get("etat");
      event.rights = (Boolean) donnees.get("droits_devoirs");
    }
    for (long left = in.readArrayStart(); left > 0; left = in.arrayNext())
      for (long i = 0; i < left; i++) part(event, value);
    return event;
  }

  private static void scope(Event event, String name) {
    event.ownIdentity |= name.equals("identite");
    event.tellsContact |= name.equals("contact");
  }

  private void part(Event event, byte[] value) throws IOException {
    int start = value.length - in.inputStream().available();
    int sort = in.readEnum();
    in.skipString();
    in.readInt();
    in.skipBytes();
    if (in.readIndex() == 1) in.readEnum(); // canal
    if (in.readIndex() == 1) in.readEnum(); // type
    if (in.readIndex() == 1) in.readInt(); // rang
    boolean refused = in.readIndex() == 1 && in.readEnum() == REFUSED;
    skipOptional(); // source
    if (in.readIndex() == 1) in.readInt(); // modifie_le
    if (in.readIndex() == 1) in.skipBytes(); // empreinte
    int end = value.length - in.inputStream().available();
    if (sort == IDENTITY) event.identity = java.util.Arrays.copyOfRange(value, start, end);
    if (sort == CONTACT && !refused) event.contacts.add(java.util.Arrays.copyOfRange(value, start, end));
  }

  private void skipOptional() throws IOException {
    if (in.readIndex() == 1) in.skipString();
  }

  private String optional() throws IOException {
    return in.readIndex() == 1 ? in.readString() : null;
  }

  @Override
  public byte[] write(Event event, Added added) throws IOException {
    byte[] value = (byte[]) event.content;
    out.reset();
    out.write(value, 0, value.length - 1);
    to = EncoderFactory.get().directBinaryEncoder(out, to);
    to.writeIndex(1);
    to.writeString(added.label().authority());
    to.writeString(added.label().name());
    text(added.label().commune());
    to.writeBoolean(added.label().conflict());
    to.writeArrayStart();
    to.setItemCount(added.contact().size());
    for (byte[] part : added.contact()) to.writeFixed(part);
    to.writeArrayEnd();
    to.writeIndex(added.identity() == null ? 0 : 1);
    if (added.identity() != null) to.writeFixed(added.identity());
    to.writeIndex(added.rights() == null ? 0 : 1);
    if (added.rights() != null) to.writeBoolean(added.rights());
    day(added.entry());
    to.writeBoolean(!added.contact().isEmpty());
    to.writeIndex(0);
    to.writeIndex(0);
    day(added.due());
    to.writeString(RULE);
    to.flush();
    return out.toByteArray();
  }

  private void text(String value) throws IOException {
    to.writeIndex(value == null ? 0 : 1);
    if (value != null) to.writeString(value);
  }

  private void day(int value) throws IOException {
    to.writeIndex(value == Person.NO_DAY ? 0 : 1);
    if (value != Person.NO_DAY) to.writeInt(value);
  }
}
