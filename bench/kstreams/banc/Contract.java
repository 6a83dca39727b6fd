package banc;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;

/** The registered schemas, from a table written by the bench: id, type, "newest" or "writer", file. */
final class Contract {
  record Known(String type, Schema schema, boolean newest) {}

  private final Map<Integer, Known> byId = new HashMap<>();
  private final Map<String, Schema> newest = new HashMap<>();
  private final Map<String, byte[]> heads = new HashMap<>();

  Contract(Path folder) throws IOException {
    for (String line : Files.readAllLines(folder.resolve("contrat.tsv"))) {
      String[] cell = line.split("\t", -1);
      int id = Integer.parseInt(cell[0]);
      Schema schema = new Schema.Parser().parse(Files.readString(folder.resolve(cell[3])));
      boolean ours = cell[2].equals("newest");
      byId.put(id, new Known(cell[1], schema, ours));
      if (ours) {
        newest.put(cell[1], schema);
        heads.put(cell[1], ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
      }
    }
  }

  Known writer(byte[] value) {
    return byId.get(ByteBuffer.wrap(value, 1, 4).getInt());
  }

  Schema newest(String type) {
    return newest.get(type);
  }

  /** What every value of a type begins with, in its newest version. */
  byte[] head(String type) {
    return heads.get(type);
  }

  Map<String, Schema> types() {
    return newest;
  }

  /** bus.partie_scellee, as every type defines it. */
  Schema part() {
    return newest.get("contact.mis_a_jour").getField("scelle").schema().getElementType();
  }
}
