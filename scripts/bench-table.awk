# Makes a table of the JSON lines of `backprop bench` and of its peers: medians over the rounds, a row a workload.
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

function keep(name, key,    value, id) {
  value = number(key)
  if (value == "") return
  id = name SUBSEP key
  values[id, ++count[id]] = value + 0
}

# The median of what was kept; "" where there is nothing. The lower of the middle two.
function median(name, key,    id, n, i, j, sorted, value) {
  id = name SUBSEP key
  n = count[id]
  if (!n) return ""
  for (i = 1; i <= n; i++) {
    value = values[id, i]
    for (j = i - 1; j >= 1 && sorted[j] > value; j--) sorted[j + 1] = sorted[j]
    sorted[j + 1] = value
  }
  return sorted[int((n + 1) / 2)]
}

function greatest(name, key,    id, i, best) {
  id = name SUBSEP key
  for (i = 1; i <= count[id]; i++) if (values[id, i] > best) best = values[id, i]
  return best
}

function cell(value, form) { return value == "" ? "-" : sprintf(form, value) }
function milliseconds(value) { return cell(value, value < 10 ? "%.3f" : value < 100 ? "%.1f" : "%.0f") }
function share(value, whole) { return value == "" || !whole ? "-" : sprintf("%.0f %%", 100 * value / whole) }

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
  for (k in keys) keep(name, keys[k])
}

END {
  peak = greatest("Backprop" SUBSEP "machine", "gflopsPerSecond")
  bandwidth = greatest("Backprop" SUBSEP "machine", "gigabytesPerSecond")
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
      if (other != "" && (best == "" || other < best)) best = other
      if (systems[s] ~ /^PyTorch .* eager$/) memory = median(theirs, "peakBytes")
      a = median(theirs, "parameters")
      b = median(ours, "parameters")
      if (a != "" && (a > 1.01 * b || a < 0.99 * b))
        notes = notes "warning: " names[w] " has " b " parameters here and " a " in " systems[s] "\n"
    }
    flops = median(ours, "flopsPerStep")
    flops = flops > 0 ? flops / time / 1e6 : ""
    bytes = median(ours, "bytesPerStep")
    bytes = bytes == "" ? "" : bytes / time / 1e6
    used = median(ours, "peakBytes")
    line = line "\t" (best == "" ? "-" : sprintf("%.2f", best / time))
    line = line "\t" cell(flops, "%.1f") "\t" share(flops, peak) "\t" cell(bytes, "%.1f") "\t" share(bytes, bandwidth)
    line = line "\t" milliseconds(median(ours, "firstStepMilliseconds")) "\t" cell(used / 1e6, "%.0f")
    row(line "\t" (memory == "" ? "-" : sprintf("%.2f", used / memory)))
  }
  print_rows()
  print ""
  printf "The machine: %.0f GFLOP/s of float32 multiply-adds, %.1f GB/s of memory. Steps of generate are tokens.\n", peak, bandwidth
  printf "%s", notes
}
