import Synchronization

/// Large regions of memory from which the larger arrays are cut.
///
/// So the weights of a medium network are in huge pages, which avoids most TLB misses, and what a step frees is
/// available to the next one without page faults. Smaller arrays are left to `malloc`: in the second-level cache, page
/// sizes do not matter.
struct MemoryPool: ~Copyable {
  private static let shared = Mutex(MemoryPool())

  /// Memory of the shared pool; an integer crosses the lock, since pointers must not.
  static func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    UnsafeMutableRawPointer(bitPattern: shared.withLock { UInt(bitPattern: $0.take(byteCount)) })
  }

  static func deallocate(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let address = UInt(bitPattern: pointer)
    shared.withLock { pool in
      if let pointer = UnsafeMutableRawPointer(bitPattern: address) { pool.giveBack(pointer, byteCount) }
    }
  }

  /// The least size of an array in a region, in bytes.
  static let smallestArray = 256 << 10
  static let regionBytes = 32 << 20
  private static let hugePage = 2 << 20
  private static let page = 16 << 10  // the largest that systems have

  private struct Region {
    let base: UnsafeMutableRawPointer
    let size: Int
    var gaps = Gaps()

    var isFree: Bool { gaps.free.first?.size == size }
    func holds(_ pointer: UnsafeMutableRawPointer) -> Bool { pointer >= base && pointer < base + size }
  }

  private var regions: [Region] = []

  deinit { for region in regions { Self.unmap(region) } }

  /// Memory that is allocated from the system.
  var heldBytes: Int { regions.reduce(0) { $0 + $1.size } }

  /// Memory aligned to 64 bytes, uninitialized. `nil` where the system has none.
  mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    let size = Self.rounded(byteCount)
    let places = regions.indices.compactMap { region in
      regions[region].gaps.best(for: size).map { (region, $0, regions[region].gaps.free[$0].size) }
    }
    if let (region, gap, _) = places.min(by: { $0.2 < $1.2 }) {
      return regions[region].base + regions[region].gaps.take(size, from: gap)
    }
    guard var region = Self.map(max(size, Self.regionBytes)) else { return nil }
    defer { regions.append(region) }
    return region.base + region.gaps.take(size, from: 0)
  }

  /// Frees what `take` returned for as many bytes.
  mutating func giveBack(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    guard let index = regions.firstIndex(where: { $0.holds(pointer) }) else { return }
    let size = Self.rounded(byteCount)
    regions[index].gaps.giveBack(pointer - regions[index].base, size)
    guard regions[index].isFree else { return }
    // One free region is retained, or an array that is allocated and freed repeatedly would cost its page faults each
    // time.
    let spare = regions.indices.first { $0 != index && regions[$0].isFree }
    guard regions[index].size > Self.regionBytes || spare != nil else { return }
    Self.unmap(regions.remove(at: index))
  }

  /// Five cache lines of padding: arrays whose size is a power of two would otherwise all start at the same offset in a
  /// page, and kernels that read several at once would have them all in the same few sets of the caches.
  private static func rounded(_ byteCount: Int) -> Int { byteCount.plus(63 + 5 * 64) & ~63 }

  /// A region that starts at a huge page.
  private static func map(_ byteCount: Int) -> Region? {
    let size = byteCount.plus(page - 1) / page * page
    let length = size.plus(hugePage)
    guard Memory.take(size) else { return nil }
    guard let start = Memory.map(length) else {
      Memory.giveBack(size)
      return nil
    }
    // The parts before the first huge page and after the last are returned.
    let before = (hugePage - Int(bitPattern: start) % hugePage) % hugePage
    let base = start + before
    if before > 0 { Memory.unmap(start, before) }
    if length > before + size { Memory.unmap(base + size, length - before - size) }
    Memory.adviseHugePages(base, size)
    var region = Region(base: base, size: size)
    region.gaps.giveBack(0, size)
    return region
  }

  private static func unmap(_ region: Region) {
    Memory.unmap(region.base, region.size)
    Memory.giveBack(region.size)
  }
}
