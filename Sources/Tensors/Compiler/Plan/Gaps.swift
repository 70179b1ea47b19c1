/// Free stretches of memory, by address.
struct Gaps {
  private(set) var free: [(offset: Int, size: Int)] = []

  /// The index of the smallest stretch that holds `size`.
  func best(for size: Int) -> Int? {
    free.indices.filter { free[$0].size >= size }.min { free[$0].size < free[$1].size }
  }

  /// Takes `size` from the start of a stretch; returns the offset.
  mutating func take(_ size: Int, from index: Int) -> Int {
    let offset = free[index].offset
    free[index] = (offset + size, free[index].size - size)
    if free[index].size == 0 { free.remove(at: index) }
    return offset
  }

  /// The offset of the stretch that reaches `end`, which is free no longer.
  mutating func takeLast(reaching end: Int) -> Int? {
    guard let last = free.last, last.offset + last.size == end else { return nil }
    free.removeLast()
    return last.offset
  }

  /// Frees a stretch, merged with free neighbors.
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
