# Makes a table of the JSON lines of `backprop bench` and of its peers, in the order of the rounds: medians over the
# rounds, a row a workload. Ratios and shares are computed in each round, and then their median: measurements a second
# apart had the same machine speed, whereas two medians may be of two different speeds.
# Variables: workloads (their names in order, with spaces between), markdown (1: a table for Markdown).

function text(key) {
  if (!match($0, "\"" key "\": *\"[^\"]*\"")) return ""
  found = substr($0, RSTART, RLENGTH)
  sub(/^"[^"]*": *"/, "", found)
  return substr(found, 1, length(found) - 1)
}

function number(key) {
  if (!match($0, "\"" key "\": *[-+.0-9eE]+")) return ""
  found = substr($0, RSTART, RLENGTH)
  sub(/^"[^"]*": */, "", found)
  return found
}

function keep(name, key, value,    id) {
  if (value == "") return
  id = name SUBSEP key
  values[id, ++count[id]] = value + 0
}

# Copies the stored values into `sorted`, ascending. Returns their count.
function sort(name, key,    id, i, j, value) {
  id = name SUBSEP key
  for (i = 1; i <= count[id]; i++) {
    value = values[id, i]
    for (j = i - 1; j >= 1 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return count[id]
}

# The median of the stored values; "" where there are none. The lower of the middle two.
function median(name, key,    n) {
  n = sort(name, key)
  return n ? sorted[int((n + 1) / 2)] : ""
}

# The median of the ratios of two in the same rounds; one that has ended has no more rounds.
function ratio(name, base, key,    i) {
  count["ratio" SUBSEP key] = 0
  for (i = 1; i <= count[name SUBSEP key] && i <= count[base SUBSEP key]; i++)
    keep("ratio", key, values[name SUBSEP key, i] / values[base SUBSEP key, i])
  return median("ratio", key)
}

function cell(value, form) { return value == "" ? "-" : sprintf(form, value) }
function milliseconds(value) { return cell(value, value < 10 ? "%.3f" : value < 100 ? "%.1f" : "%.0f") }
function percent(value) { return value == "" ? "-" : sprintf("%.0f %%", 100 * value) }

function row(line) { rows[++row_count] = line }

function print_rows(    i, j, n, cells, widths, line) {
  for (i = 1; i <= row_count; i++) {
    n = split(rows[i], cells, "\t")
    for (j = 1; j <= n; j++) if (length(cells[j]) > widths[j]) widths[j] = length(cells[j])
  }
  for (i = 1; i <= row_count; i++) {
    n = split(rows[i], cells, "\t")
    line = ""
    for (j = 1; j <= n; j++) {
      if (markdown) line = line (j == 1 ? "| " : " | ") cells[j]
      else line = line (j == 1 ? "" : "  ") sprintf((j == 1 ? "%-" : "%") widths[j] "s", cells[j])
    }
    print markdown ? line " |" : line
    if (markdown && i == 1) {
      line = "|"
      for (j = 1; j <= n; j++) line = line (j == 1 ? " --- |" : " ---: |")
      print line
    }
  }
}

{
  workload = text("workload")
  system_name = text("system")
  if (system_name == "") system_name = "Backprop"
  else if (!(system_name in known)) { known[system_name] = 1; systems[++system_count] = system_name }
  name = system_name SUBSEP workload
  split("millisecondsPerStep firstStepMilliseconds parameters flopsPerStep bytesPerStep peakBytes " \
    "gflopsPerSecond gigabytesPerSecond", keys, " ")
  for (k in keys) keep(name, keys[k], number(keys[k]))
  if (name == "Backprop" SUBSEP "machine") {
    peak = number("gflopsPerSecond")
    bandwidth = number("gigabytesPerSecond")
  } else if (system_name == "Backprop") {
    time = number("millisecondsPerStep") * 1e6
    if (peak && number("flopsPerStep") > 0) keep(name, "ofPeak", number("flopsPerStep") / time / peak)
    if (bandwidth && number("bytesPerStep") != "") keep(name, "ofMemory", number("bytesPerStep") / time / bandwidth)
  }
}

END {
  head = "ms a step\tBackprop"
  for (s = 1; s <= system_count; s++) head = head "\t" systems[s]
  row(head "\tbest other / Backprop\tGFLOP/s\tof peak\tGB/s\tof memory\tfirst step\tpeak MB\tof PyTorch's")
  n = split(workloads, names, " ")
  for (w = 1; w <= n; w++) {
    ours = "Backprop" SUBSEP names[w]
    time = median(ours, "millisecondsPerStep")
    line = names[w] "\t" milliseconds(time)
    best = ""
    memory = ""
    for (s = 1; s <= system_count; s++) {
      theirs = systems[s] SUBSEP names[w]
      other = median(theirs, "millisecondsPerStep")
      line = line "\t" milliseconds(other)
      times = ratio(theirs, ours, "millisecondsPerStep")
      if (times != "" && (best == "" || times < best)) best = times
      if (systems[s] ~ /^PyTorch .* eager$/) memory = median(theirs, "peakBytes")
      a = median(theirs, "parameters")
      b = median(ours, "parameters")
      if (a != "" && b != "" && (a > 1.01 * b || a < 0.99 * b))
        notes = notes "warning: " names[w] " has " b " parameters here and " a " in " systems[s] "\n"
    }
    flops = median(ours, "flopsPerStep")
    flops = flops > 0 ? flops / time / 1e6 : ""
    bytes = median(ours, "bytesPerStep")
    bytes = bytes == "" ? "" : bytes / time / 1e6
    used = median(ours, "peakBytes")
    line = line "\t" cell(best, "%.2f")
    line = line "\t" cell(flops, "%.1f") "\t" percent(median(ours, "ofPeak"))
    line = line "\t" cell(bytes, "%.1f") "\t" percent(median(ours, "ofMemory"))
    line = line "\t" milliseconds(median(ours, "firstStepMilliseconds")) "\t" cell(used == "" ? "" : used / 1e6, "%.0f")
    row(line "\t" (memory == "" || used == "" ? "-" : sprintf("%.2f", used / memory)))
    if (time == "") failed = 1
  }
  print_rows()
  print ""
  n = sort("Backprop" SUBSEP "machine", "gigabytesPerSecond")
  if (n) {
    printf "The machine: %.0f GFLOP/s of float32 multiply-adds, ", median("Backprop" SUBSEP "machine", "gflopsPerSecond")
    printf "%.1f GB/s of memory", median("Backprop" SUBSEP "machine", "gigabytesPerSecond")
    if (n > 1) printf " (%.1f to %.1f)", sorted[1], sorted[n]
    print ". Steps of generate are tokens."
  }
  printf "%s", notes
  exit failed
}
