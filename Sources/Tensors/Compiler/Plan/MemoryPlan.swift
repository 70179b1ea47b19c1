/// Places buffers in one arena so that those alive at the same time do not overlap.
///
/// First, a fused elementwise kernel writes over an input whose last use it is, where both have the same layout. Then
/// buffers are placed in the order they come alive, each into the smallest gap it fits.
struct MemoryPlan {
  /// The offset in bytes of each buffer of the arena.
  private(set) var offsets: [Int: Int] = [:]
  private(set) var arenaBytes = 0

  private static let alignment = 64

  /// `sizes` in bytes; `inArena` says which buffers are to be placed.
  init(steps: [Step], sizes: [Int], inArena: [Bool]) {
    var first = [Int](repeating: Int.max, count: sizes.count)
    var last = [Int](repeating: -1, count: sizes.count)
    for (time, step) in steps.enumerated() {
      let (reads, writes) = step.buffers
      for buffer in reads + writes {
        first[buffer] = min(first[buffer], time)
        last[buffer] = max(last[buffer], time)
      }
    }

    // `home[b]` is the buffer whose memory b shares.
    var home = Array(sizes.indices)
    for (time, step) in steps.enumerated() {
      var taken = Set<Int>()
      for (index, output) in step.outputs.enumerated()
      where inArena[output.buffer] && first[output.buffer] == time && output.offset == 0 {
        let candidate = step.inputs.enumerated().first { input, address in
          guard let address, inArena[address.buffer], step.kernel.readsInPlace(input, for: index)
          else { return false }
          let owner = home[address.buffer]
          return last[owner] == time && sizes[owner] == sizes[output.buffer]
            && !taken.contains(owner) && step.mayOverwrite(index) { home[$0] == owner }
        }
        if let address = candidate?.element {
          let owner = home[address.buffer]
          home[output.buffer] = owner
          taken.insert(owner)
          last[owner] = max(last[owner], last[output.buffer])
        }
      }
    }
    var starts = [[Int]](repeating: [], count: steps.count)
    var ends = [[Int]](repeating: [], count: steps.count)
    for buffer in sizes.indices where inArena[buffer] && home[buffer] == buffer && last[buffer] >= 0 {
      starts[first[buffer]].append(buffer)
      ends[last[buffer]].append(buffer)
    }
    var gaps = Gaps()
    for time in steps.indices {
      for buffer in starts[time].sorted(by: { (sizes[$1], $0) < (sizes[$0], $1) }) {
        let size = MemoryPlan.aligned(sizes[buffer])
        if let gap = gaps.best(for: size) {
          offsets[buffer] = gaps.take(size, from: gap)
        } else {  // grow the last gap if it reaches the end
          let offset = gaps.takeLast(reaching: arenaBytes) ?? arenaBytes
          offsets[buffer] = offset
          arenaBytes = offset + size
        }
      }
      for buffer in ends[time] { gaps.giveBack(offsets[buffer] ?? 0, MemoryPlan.aligned(sizes[buffer])) }
    }
    for buffer in sizes.indices where inArena[buffer] && home[buffer] != buffer {
      offsets[buffer] = offsets[home[buffer]]
    }
  }

  private static func aligned(_ bytes: Int) -> Int {
    (max(bytes, 1) + alignment - 1) / alignment * alignment
  }
}
