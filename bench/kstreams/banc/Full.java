package banc;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;

/** Decodes everything into generic records, completes them, encodes them: as one writes it with the library. */
final class Full implements Way {
  private final Contract contract;
  private final Map<Contract.Known, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
  private final Map<String, GenericDatumWriter<GenericRecord>> writers = new HashMap<>();
  private final GenericDatumReader<GenericRecord> partReader;
  private final GenericDatumWriter<GenericRecord> partWriter;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream(2048);
  private BinaryDecoder in;
  private BinaryEncoder to;

  Full(Contract contract) {
    this.contract = contract;
    partReader = new GenericDatumReader<>(contract.part());
    partWriter = new GenericDatumWriter<>(contract.part());
    contract.types().forEach((type, schema) -> writers.put(type, new GenericDatumWriter<>(schema)));
  }

  @Override
  public Event read(byte[] value) throws IOException {
    Contract.Known known = contract.writer(value);
    in = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, in);
    GenericRecord record = reader(known).read(null, in);
    Event event = new Event();
    event.content = record;
    event.type = known.type();
    event.effect = (Integer) record.get("date_effet");
    event.observed = (Long) record.get("date_observation");
    GenericRecord place = (GenericRecord) record.get("territoire");
    event.departement = text(place.get("ideparte"));
    event.commune = text(place.get("commune_insee"));
    for (Object name : (List<?>) record.get("portee")) {
      event.ownIdentity |= name.toString().equals("identite");
      event.tellsContact |= name.toString().equals("contact");
    }
    if (event.type.equals("rsa.etat.publie")) {
      GenericRecord donnees = (GenericRecord) record.get("donnees");
      event.state = (CharSequence) donnees.get("etat");
      event.rights = (Boolean) donnees.get("droits_devoirs");
    }
    for (Object one : (List<?>) record.get("scelle")) part(event, (GenericRecord) one);
    return event;
  }

  private void part(Event event, GenericRecord part) throws IOException {
    String sort = part.get("sorte").toString();
    if (sort.equals("identite")) event.identity = bytes(part);
    if (sort.equals("contact") && !"refuse".equals(text(part.get("consentement")))) event.contacts.add(bytes(part));
  }

  private GenericDatumReader<GenericRecord> reader(Contract.Known known) {
    return readers.computeIfAbsent(
        known, one -> new GenericDatumReader<>(one.schema(), contract.newest(one.type())));
  }

  @Override
  public byte[] write(Event event, Added added) throws IOException {
    GenericRecord record = (GenericRecord) event.content;
    Schema schema = record.getSchema().getField("enrichissement").schema().getTypes().get(1);
    record.put("enrichissement", completed(schema, added));
    out.reset();
    out.write(contract.head(event.type));
    to = EncoderFactory.get().binaryEncoder(out, to);
    writers.get(event.type).write(record, to);
    to.flush();
    return out.toByteArray();
  }

  private GenericRecord completed(Schema schema, Added added) throws IOException {
    GenericRecord made = new GenericData.Record(schema);
    made.put("autorite", added.label().authority());
    made.put("autorite_libelle", added.label().name());
    made.put("commune_libelle", added.label().commune());
    made.put("conflit_territoire", added.label().conflict());
    List<GenericRecord> contact = new ArrayList<>(added.contact().size());
    for (byte[] part : added.contact()) contact.add(record(part));
    made.put("contact", contact);
    made.put("identite", added.identity() == null ? null : record(added.identity()));
    GenericRecord situation = new GenericData.Record(schema.getField("situation").schema());
    situation.put("droits_devoirs", added.rights());
    situation.put("entree_le", day(added.entry()));
    situation.put("contact_connu", !contact.isEmpty());
    made.put("situation", situation);
    GenericRecord due = new GenericData.Record(schema.getField("echeances").schema());
    due.put("orientation", day(added.due()));
    made.put("echeances", due);
    made.put("regle", RULE);
    return made;
  }

  private byte[] bytes(GenericRecord part) throws IOException {
    out.reset();
    to = EncoderFactory.get().binaryEncoder(out, to);
    partWriter.write(part, to);
    to.flush();
    return out.toByteArray();
  }

  private GenericRecord record(byte[] part) throws IOException {
    in = DecoderFactory.get().binaryDecoder(part, in);
    return partReader.read(null, in);
  }

  private static Integer day(int value) {
    return value == Person.NO_DAY ? null : value;
  }

  private static String text(Object value) {
    return value == null ? null : value.toString();
  }
}
