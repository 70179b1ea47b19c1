import Tensors

extension Layer {
  /// Freezes the parameters whose names match one of the patterns, so that no optimizer changes them; returns their names.
  ///
  /// A pattern is a name in which `*` stands for any characters; several are separated by commas: `stem.*,blocks.0.*`. A
  /// batch normalization whose scale and shift are frozen uses its running statistics in training too. Throws a
  /// `TensorError` with the names there are where a pattern matches none.
  @discardableResult public func freezeParameters(matching patterns: String) throws(TensorError) -> [String] {
    let all = parameters
    var frozen: Set<String> = []
    for pattern in patterns.split(separator: ",") {
      let matching = all.filter { matches($0.name, pattern: pattern) }
      guard !matching.isEmpty else {
        let names = all.prefix(8).map(\.name).joined(separator: ", ") + (all.count > 8 ? ", …" : "")
        throw TensorError("no parameter is called '\(pattern)'; there are \(names)")
      }
      for (name, parameter) in matching {
        parameter.isTrainable = false
        frozen.insert(name)
      }
    }
    return all.map(\.name).filter(frozen.contains)
  }
}

/// Whether `name` is `pattern`, in which `*` stands for any characters. Takes time in proportion to the product of the
/// lengths at most.
private func matches(_ name: String, pattern: Substring) -> Bool {
  let (name, pattern) = (Array(name), Array(pattern))
  var (place, position) = (0, 0)
  // Where the last `*` was, and what it stands for so far.
  var (star, resumed): (Int?, Int) = (nil, 0)
  while place < name.count {
    if position < pattern.count, pattern[position] == "*" {
      (star, resumed) = (position, place)
      position += 1
    } else if position < pattern.count, pattern[position] == name[place] {
      (place, position) = (place + 1, position + 1)
    } else if let star {
      resumed += 1
      (place, position) = (resumed, star + 1)
    } else {
      return false
    }
  }
  return pattern[position...].allSatisfy { $0 == "*" }
}
