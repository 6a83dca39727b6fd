package banc;

import java.util.ArrayList;
import java.util.List;

/** What the task reads of an event; parts are whole and encoded. */
final class Event {
  String type;
  int effect;
  long observed;
  String departement;
  String commune;
  boolean ownIdentity;
  boolean tellsContact;
  byte[] identity;
  final List<byte[]> contacts = new ArrayList<>();
  CharSequence state;
  Boolean rights;

  /** The event itself, as its reader has left it: bytes, or a record. */
  Object content;
}
