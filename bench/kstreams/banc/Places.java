package banc;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Which authority answers for a place, and its labels, from a table written by the bench. */
final class Places {
  record Label(String authority, String name, String commune, boolean conflict) {}

  private final Map<String, String> authorities = new HashMap<>();
  private final Map<String, Label> labels = new HashMap<>();

  Places(Path folder) throws IOException {
    for (String line : Files.readAllLines(folder.resolve("lieux.tsv"))) {
      String[] cell = line.split("\t", -1);
      authorities.put(cell[0] + '|' + cell[1], cell[2]);
      String commune = cell[4].isEmpty() ? null : cell[4];
      labels.put(cell[2] + '|' + cell[1], new Label(cell[2], cell[3], commune, cell[5].equals("1")));
      labels.putIfAbsent(cell[2] + '|', new Label(cell[2], cell[3], null, false));
    }
  }

  String authority(String departement, String commune) {
    return authorities.get(departement + '|' + commune);
  }

  Label label(String authority, String commune) {
    return labels.get(commune == null ? authority + '|' : authority + '|' + commune);
  }
}
