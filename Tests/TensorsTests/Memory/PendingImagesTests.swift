import CKernels
import Testing

@testable import Tensors

/// Images that are converted overlapped with plans. One test at a time, as there is one such set of images at a time.
@Suite(.serialized) struct PendingImagesTests {
  /// Whether there are threads that could convert some: those of OpenMP, which oneDNN loads.
  static var hasOthers: Bool { Engine.hasOneDNN && Threads.count > 1 }

  /// Random images, enough for other threads to begin, and the same converted on one thread.
  private static func make(seed: UInt64) throws -> (images: PendingImages, expected: [Float], numbers: TestNumbers) {
    var numbers = TestNumbers(state: seed)
    func draw(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &numbers) }
    let shape: Shape = [draw(1...3), draw(20...40), draw(20...40)]
    let (there, count) = (draw(1...90), draw(100...150))
    let pixels = (0..<there * shape.elementCount).map { _ in UInt8(draw(0...255)) }
    let converter = PixelConverter(
      imageShape: shape, greatestPixel: 255, scales: (0..<shape[0]).map { 1 + Float($0) },
      offsets: (0..<shape[0]).map { Float($0) - 0.5 })
    // A slice that does not begin at 0, as those of an epoch's order do not.
    let chosen = ([7] + (0..<count).map { _ in Int32(draw(0...there - 1)) }).dropFirst()
    let images = PendingImages(chosen, of: pixels, by: converter)
    return (images, try converter.values(of: chosen, in: pixels), numbers)
  }

  /// A product between small steps, during which other threads are idle.
  private static func graph(_ x: Tensor) -> Tensor {
    let y = x.softmax().matmul(x.exp().transposed)
    return y.softmax() + y.sum(axes: [0]) * 0.5
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>) func bitsAreThoseWithoutOthers(seed: UInt64) throws {
    var (images, expected, numbers) = try Self.make(seed: seed)
    let sizes = [Int.random(in: 1...80, using: &numbers), Int.random(in: 1...80, using: &numbers)]
    let x = Tensor(
      (0..<sizes[0] * sizes[1]).map { _ in Float.random(in: -2...2, using: &numbers) }, shape: sizes)
    let alone = try Self.graph(x).values()
    let comment: Comment = "seed \(seed): \(sizes)"
    for _ in 0..<Int.random(in: 0...5, using: &numbers) {
      images.makeOverlappedPlans()
      #expect(try Self.graph(x).values() == alone, comment)
    }
    #expect(try images.finished().values() == expected, comment)
    #expect(try images.finished().values() == expected, comment)
  }

  @Test(.enabled(if: hasOthers)) func othersMakeAllOfThem() throws {
    let (images, expected, _) = try Self.make(seed: 0)
    let x = Tensor((0..<64 * 64).map { Float($0 % 7) }, shape: [64, 64])
    var plans = 0
    while images.isUnfinished, plans < 100_000 {
      images.makeOverlappedPlans()
      _ = try Self.graph(x).values()
      plans += 1
    }
    #expect(!images.isUnfinished)
    #expect(try images.finished().values() == expected)
  }

  @Test func anErrorInAStepIsThrown() throws {
    let (images, expected, _) = try Self.make(seed: 1)
    #expect(throws: TensorError("stop")) {
      try images.make { () throws(TensorError) in throw TensorError("stop") }
    }
    #expect(try images.finished().values() == expected)
  }

  @Test func whatNobodyHoldsIsForgotten() throws {
    weak var forgotten: PendingImages?
    do {
      let (images, _, _) = try Self.make(seed: 2)
      images.makeOverlappedPlans()
      forgotten = images
    }
    // Plans that other tests run at the moment hold it until they end.
    for _ in 0..<100_000 where forgotten != nil { _ = try Tensor([1, 2], shape: [2]).sum().scalar() }
    #expect(forgotten == nil)
    #expect(try Self.graph(Tensor([1, 2], shape: [2, 1])).values().count == 4)
  }

  private struct Record {
    var works = 0
    var items = [Int32](repeating: 0, count: 100)
  }

  /// What the caller's work forks is done once, and so is each piece, from the given one on.
  @Test(.enabled(if: hasOthers), arguments: [0, 3, 999] as [Int64]) func piecesAreDoneOnce(from first: Int64) {
    var pieces = [Int32](repeating: 0, count: 1000)
    var record = Record()
    var done = first
    pieces.withUnsafeMutableBufferPointer { pieces in
      withUnsafeMutablePointer(to: &record) { record in
        backprop_overlapped(
          1000, &done,
          { pieces, begin, end in
            for piece in begin..<end { pieces?.assumingMemoryBound(to: Int32.self)[Int(piece)] += 1 }
          }, pieces.baseAddress,
          { record in
            guard let record = record?.assumingMemoryBound(to: Record.self) else { return }
            record.pointee.works += 1
            record.pointee.items.withUnsafeMutableBufferPointer { items in
              backprop_parallel(
                100, 7,
                { items, begin, end in
                  for item in begin..<end { items?.assumingMemoryBound(to: Int32.self)[Int(item)] += 1 }
                }, items.baseAddress)
            }
          }, record)
      }
    }
    #expect(record.works == 1)
    #expect(record.items.allSatisfy { $0 == 1 })
    #expect((first...1000).contains(done))
    #expect(pieces.indices.allSatisfy { pieces[$0] == (first..<done ~= Int64($0) ? 1 : 0) })
  }
}
