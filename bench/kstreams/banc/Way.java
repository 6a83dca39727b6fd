package banc;

import java.io.IOException;
import java.util.List;

/** How events are read and completed. */
interface Way {
  int ORIENTATION = 42;
  String RULE = "enrichissement-1";

  Event read(byte[] value) throws IOException;

  byte[] write(Event event, Added added) throws IOException;

  /** What is added to an event for one authority. */
  record Added(Places.Label label, List<byte[]> contact, byte[] identity, Boolean rights, int entry, int due) {
    static Added to(Event event, String authority, Person person, Places places) {
      Person.Situation seen = person.situations.get(authority);
      boolean concerned = seen.present || seen.presentBefore;
      int since = event.type.equals("rsa.droits_devoirs.entree") ? event.effect : seen.entry;
      return new Added(
          places.label(authority, event.commune),
          concerned ? person.contacts : List.of(),
          concerned && !event.ownIdentity ? person.identity : null,
          seen.rights,
          seen.entry,
          since == Person.NO_DAY ? since : since + ORIENTATION);
    }
  }
}
