/// Places buffers in one arena so that those alive at the same time do not overlap.
///
/// First, an elementwise pass writes over an input that dies with it, where both lie alike. Then buffers are placed in
/// the order they come alive, each into the smallest gap it fits.
struct MemoryPlan {
  /// The offset in bytes of each buffer of the arena.
  private(set) var offsets: [Int: Int] = [:]
  private(set) var arenaBytes = 0

  private static let alignment = 64

  /// `sizes` in elements of four bytes; `inArena` says which buffers are to be placed.
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
      guard case .program(let program) = step else { continue }
      var taken = Set<Int>()
      for output in program.outputs where inArena[output.buffer] && first[output.buffer] == time && output.offset == 0 {
        let candidate = program.inputs.first { input in
          let owner = home[input.buffer]
          return inArena[input.buffer] && last[owner] == time && sizes[owner] == sizes[output.buffer]
            && !taken.contains(owner) && input.offset == 0 && input.strides == output.strides
            && program.inputs.allSatisfy { home[$0.buffer] != owner || ($0.strides == input.strides && $0.offset == 0) }
        }
        if let candidate {
          let owner = home[candidate.buffer]
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
        offsets[buffer] = gaps.take(MemoryPlan.bytes(sizes[buffer]))
      }
      for buffer in ends[time] { gaps.giveBack(offsets[buffer] ?? 0, MemoryPlan.bytes(sizes[buffer])) }
    }
    for buffer in sizes.indices where inArena[buffer] && home[buffer] != buffer {
      offsets[buffer] = offsets[home[buffer]]
    }
    arenaBytes = gaps.end
  }

  private static func bytes(_ elements: Int) -> Int {
    (max(elements * 4, 1) + alignment - 1) / alignment * alignment
  }

  /// Free stretches below `end`, by offset.
  private struct Gaps {
    var free: [(offset: Int, size: Int)] = []
    var end = 0

    mutating func take(_ size: Int) -> Int {
      if let best = free.indices.filter({ free[$0].size >= size }).min(by: { free[$0].size < free[$1].size }) {
        let offset = free[best].offset
        free[best] = (offset + size, free[best].size - size)
        if free[best].size == 0 { free.remove(at: best) }
        return offset
      }
      // Grow the last gap if it reaches the end.
      if let last = free.last, last.offset + last.size == end {
        free.removeLast()
        end = last.offset + size
        return last.offset
      }
      defer { end += size }
      return end
    }

    mutating func giveBack(_ offset: Int, _ size: Int) {
      let index = free.firstIndex { $0.offset > offset } ?? free.count
      free.insert((offset, size), at: index)
      if index + 1 < free.count, free[index].offset + free[index].size == free[index + 1].offset {
        free[index].size += free[index + 1].size
        free.remove(at: index + 1)
      }
      if index > 0, free[index - 1].offset + free[index - 1].size == free[index].offset {
        free[index - 1].size += free[index].size
        free.remove(at: index)
      }
    }
  }
}
