/// Which steps read and write each buffer. A question about one buffer then costs what answers it, and not a look at every
/// step: with a question for each parameter, that would take time in proportion to the square of a network's depth.
struct BufferUses {
  /// By buffer, the numbers of steps in order.
  private var readers: [[Int]] = []
  private var writers: [[Int]] = []
  private var noted = 0

  func readers(of buffer: Int) -> [Int] { readers.indices.contains(buffer) ? readers[buffer] : [] }
  func writers(of buffer: Int) -> [Int] { writers.indices.contains(buffer) ? writers[buffer] : [] }

  /// Takes in the steps that came since the last time.
  mutating func note(_ steps: [Step], bufferCount: Int) {
    let missing = bufferCount - readers.count
    if missing > 0 {
      readers += repeatElement([], count: missing)
      writers += repeatElement([], count: missing)
    }
    for time in noted..<steps.count {
      let (reads, writes) = steps[time].buffers
      for buffer in reads where readers[buffer].last != time { readers[buffer].append(time) }
      for buffer in writes where writers[buffer].last != time { writers[buffer].append(time) }
    }
    noted = steps.count
  }

  /// From now on everything that was done with `old` is done with `new`: written by the step `writer`, read by others.
  mutating func move(_ old: Int, to new: Int, writtenBy writer: Int) {
    readers[new] = (readers[new] + readers[old]).sorted()
    writers[new] = (writers[new] + [writer]).sorted()
    (readers[old], writers[old]) = ([], [])
  }
}

extension Lowering {
  /// The values that lie in the buffer of this one: those that views were made of, and their views.
  func valuesSharingBuffer(of value: Int) -> [Int] {
    guard let buffer = views[value]?.buffer else { return [] }
    func isThere(_ value: Int) -> Bool { views[value]?.buffer == buffer }
    var first = value
    while let origin = ir.instructions[ir.producer[first]].inputs.first(where: isThere) { first = origin }
    var found: Set<Int> = [first]
    var pending = [first]
    while let next = pending.popLast() {
      for user in users[next] {
        let instruction = ir.instructions[user]
        for result in instruction.firstOutput..<(instruction.firstOutput + instruction.outputCount)
        where isThere(result) && found.insert(result).inserted { pending.append(result) }
      }
    }
    return Array(found)
  }
}
