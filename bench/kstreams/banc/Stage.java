package banc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** One event: read, give to its authorities, bring the person's state up to date, complete. */
final class Stage implements Processor<byte[], byte[], byte[], byte[]> {
  static final String STORE = "personnes";
  static final String AUTHORITY = "ce_autorite";

  private final Way way;
  private final Places places;
  private ProcessorContext<byte[], byte[]> context;
  private KeyValueStore<Bytes, byte[]> store;

  Stage(Way way, Places places) {
    this.way = way;
    this.places = places;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.store = context.getStateStore(STORE);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    try {
      complete(record, context.recordMetadata().orElseThrow().offset());
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private void complete(Record<byte[], byte[]> record, long offset) throws IOException {
    Bytes key = Bytes.wrap(record.key());
    Person person = Person.of(store.get(key));
    if (offset <= person.seen) return;
    Event event = way.read(record.value());
    String authority = event.departement == null ? null : places.authority(event.departement, event.commune);
    person.fold(event, authority);
    person.seen = offset;
    store.put(key, person.bytes());
    for (String code : authority == null ? present(person) : List.of(authority)) {
      byte[] value = way.write(event, Way.Added.to(event, code, person, places));
      RecordHeaders headers = new RecordHeaders(record.headers());
      headers.add(AUTHORITY, code.getBytes(StandardCharsets.UTF_8));
      context.forward(record.withValue(value).withHeaders(headers));
    }
  }

  private static List<String> present(Person person) {
    return person.situations.entrySet().stream().filter(one -> one.getValue().presentBefore).map(Map.Entry::getKey).toList();
  }
}
