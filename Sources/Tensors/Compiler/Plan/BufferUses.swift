/// Which steps read and write each buffer. A query about one buffer then does not visit every step: with a query for
/// each parameter, that would take time in proportion to the square of a network's depth.
struct BufferUses {
  /// By buffer, the indices of steps in order.
  private var readers: [Int: [Int]] = [:]
  private var writers: [Int: [Int]] = [:]
  private var noted = 0

  func readers(of buffer: Int) -> [Int] { readers[buffer] ?? [] }
  func writers(of buffer: Int) -> [Int] { writers[buffer] ?? [] }
  /// Adds the steps that were made since the last call.
  mutating func note(_ steps: [Step]) {
    for time in noted..<steps.count {
      let (reads, writes) = steps[time].buffers
      for buffer in Set(reads) { readers[buffer, default: []].append(time) }
      for buffer in Set(writes) { writers[buffer, default: []].append(time) }
    }
    noted = steps.count
  }

  /// From now on everything that was done with `old` is done with `new`: written by the step `writer`, read by others.
  mutating func move(_ old: Int, to new: Int, writtenBy writer: Int) {
    readers[new] = (readers(of: new) + readers(of: old)).sorted()
    writers[new] = (writers(of: new) + [writer]).sorted()
    (readers[old], writers[old]) = (nil, nil)
  }
}

/// The view of each value, and the values in each buffer.
struct ValueViews {
  private var views: [View?]
  private var residents: [Int: [Int]] = [:]

  init(count: Int) { views = Array(repeating: nil, count: count) }
  subscript(value: Int) -> View? {
    get { views[value] }
    set {
      if let old = views[value]?.buffer, old != newValue?.buffer { residents[old]?.removeAll { $0 == value } }
      if let new = newValue?.buffer, new != views[value]?.buffer { residents[new, default: []].append(value) }
      views[value] = newValue
    }
  }

  /// The values in a buffer: what was written there, and views of it.
  func values(in buffer: Int) -> [Int] { residents[buffer] ?? [] }
}
extension Lowering {
  /// Whether anything reads a buffer after the step `time`, apart from so many reads that are about to be replaced: a
  /// step that was made, an instruction still to be lowered, or an output of the plan.
  ///
  /// To be checked before a step may write into memory that is not its own: results written directly into a
  /// concatenation, variables written in place. (The arena is shared after all steps are made, by the same lists:
  /// `MemoryPlan`.)
  mutating func isNeeded(_ buffer: Int, after time: Int, besides reads: Int = 0) -> Bool {
    uses.note(steps)
    if let last = uses.readers(of: buffer).last, last > time { return true }
    if let last = uses.writers(of: buffer).last, last > time { return true }
    let pending = views.values(in: buffer).reduce(0) { count, value in
      count + users[value].count { !isLowered[$0] } + (roots.contains(value) ? 1 : 0)
    }
    return pending > reads
  }

  /// Records that the contents of a buffer change here.
  mutating func forgetCopies(of buffer: Int) {
    copies = copies.filter { $0.key.buffer != buffer }
    spacedCopies = spacedCopies.filter { $0.key.buffer != buffer }
  }
}
