import CKernels
import Testing

@testable import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// Arrays cut from regions: they do not overlap, and all memory is returned.
@Suite struct MemoryPoolTests {
  private struct Piece {
    let memory: UnsafeMutableRawPointer
    let byteCount: Int
    let mark: UInt8

    /// Writes the mark to both ends and some positions between.
    func fill() {
      for offset in places { memory.storeBytes(of: mark, toByteOffset: offset, as: UInt8.self) }
    }
    var isWhole: Bool { places.allSatisfy { memory.load(fromByteOffset: $0, as: UInt8.self) == mark } }

    private var places: [Int] { Array(stride(from: 0, to: byteCount, by: 40_009)) + [byteCount - 1] }
  }

  @Test func arraysKeepTheirMemory() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = TestNumbers(state: seed)
    var pool = MemoryPool()
    var pieces: [Piece] = []
    for round in 0..<600 {
      // Grows at first, shrinks in the end; sometimes an array that needs a region of its own.
      if pieces.isEmpty || Int.random(in: 0..<600, using: &random) > round {
        let largest = Int.random(in: 0..<20, using: &random) == 0 ? 40 << 20 : 5 << 20
        let byteCount = Int.random(in: 1...largest, using: &random)
        let taken = pool.take(byteCount)
        let memory = try #require(taken)
        #expect(UInt(bitPattern: memory) % 64 == 0, "seed \(seed)")
        for other in pieces {
          #expect(
            memory + byteCount <= other.memory || other.memory + other.byteCount <= memory, "seed \(seed): overlap")
        }
        pieces.append(Piece(memory: memory, byteCount: byteCount, mark: UInt8(truncatingIfNeeded: round)))
        pieces[pieces.count - 1].fill()
      } else {
        let piece = pieces.remove(at: Int.random(in: pieces.indices, using: &random))
        #expect(piece.isWhole, "seed \(seed)")
        pool.giveBack(piece.memory, piece.byteCount)
      }
    }
    for piece in pieces {
      #expect(piece.isWhole, "seed \(seed)")
      pool.giveBack(piece.memory, piece.byteCount)
    }
    let held = pool.heldBytes
    #expect(held <= MemoryPool.regionBytes, "seed \(seed): free regions must go back")
  }

  @Test func freeNeighborsBecomeOne() throws {
    var pool = MemoryPool()
    let size = MemoryPool.regionBytes / 4 - 1024
    let four = [pool.take(size), pool.take(size), pool.take(size), pool.take(size)].compactMap { $0 }
    try #require(four.count == 4)
    #expect(Set(four.map { UInt(bitPattern: $0) % 4096 }).count == 4, "they must not start at one place of a page")
    for index in [0, 2, 1] { pool.giveBack(four[index], size) }
    let joined = pool.take(3 * size)
    #expect(joined == four[0])
    let held = pool.heldBytes
    #expect(held == MemoryPool.regionBytes)
  }

  @Test func whatTheSystemLacksIsNil() {
    var pool = MemoryPool()
    let (most, half) = (pool.take(Int.max), pool.take(Int.max / 2))
    #expect(most == nil && half == nil)
    let held = pool.heldBytes
    #expect(held == 0)
  }

  #if canImport(Glibc)
    /// All pages of a stretch, and no others.
    @Test(arguments: [(0, 3 << 20), (5 << 20 + 100, 6_000_001), (4000, 4096), (70, 1), (9 << 20, 0)])
    func populatedPagesAreThere(offset: Int, byteCount: Int) throws {
      let (length, page) = (16 << 20, Int(sysconf(Int32(_SC_PAGESIZE))))
      let mapped = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
      let memory = try #require(mapped != MAP_FAILED ? mapped : nil)
      defer { munmap(memory, length) }
      let noHugePages: Int32 = 15  // MADV_NOHUGEPAGE: those would make neighboring pages resident
      _ = madvise(memory, length, noHugePages)
      backprop_prefault(memory + offset, Int64(byteCount))
      var resident = [UInt8](repeating: 0, count: length / page)
      try #require(mincore(memory, length, &resident) == 0)
      let wrong = resident.indices.filter { index in
        let isInside = byteCount > 0 && index * page < offset + byteCount && (index + 1) * page > offset
        return (resident[index] & 1 == 1) != isInside
      }
      #expect(wrong.isEmpty, "\(wrong.count) pages of \(resident.count)")
    }
  #endif
}
