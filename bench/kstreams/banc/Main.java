package banc;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/**
 * The stream stage's task on Kafka Streams: a persistent store with its changelog, at least once.
 *
 * <p>Arguments, as for every engine: bootstrap, input topic, prefix of the outputs, registry (unused: the schemas come
 * from the folder), folder, mode, application id, linger in ms.
 */
public final class Main {
  public static void main(String[] given) throws IOException {
    Path folder = Path.of(given[4]);
    Contract contract = new Contract(folder);
    Places places = new Places(folder);
    boolean full = given[5].equals("full");
    Topology topology =
        topology(given[1], given[2], () -> full ? new Full(contract) : new Append(contract), places);
    KafkaStreams streams = new KafkaStreams(topology, properties(given, folder));
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static Topology topology(
      String input, String prefix, java.util.function.Supplier<Way> way, Places places) {
    Serde<byte[]> bytes = Serdes.ByteArray();
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(Stage.STORE), Serdes.Bytes(), bytes)
            .withCachingEnabled());
    builder.stream(input, Consumed.with(bytes, bytes))
        .process(() -> new Stage(way.get(), places), Stage.STORE)
        .to(
            (key, value, context) ->
                prefix + new String(context.headers().lastHeader(Stage.AUTHORITY).value(), StandardCharsets.UTF_8),
            Produced.with(bytes, bytes));
    return builder.build();
  }

  private static Properties properties(String[] given, Path folder) {
    Properties made = new Properties();
    made.put(StreamsConfig.APPLICATION_ID_CONFIG, given[6]);
    made.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given[0]);
    made.put(StreamsConfig.STATE_DIR_CONFIG, folder.resolve("etat").toString());
    made.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
    made.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    made.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    made.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
    made.put(StreamsConfig.producerPrefix("acks"), "all");
    made.put(StreamsConfig.producerPrefix("linger.ms"), given[7]);
    made.put(StreamsConfig.producerPrefix("compression.type"), "none");
    made.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    return made;
  }
}
