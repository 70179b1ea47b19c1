import Tensors
import Testing

@testable import Datasets

@Suite struct TextWindowTests {
  /// `count` tokens, each equal to its position.
  static func sequence(_ count: Int) -> TokenSequence {
    let ids = (0..<Int32(count)).map { $0 }
    return TokenSequence(
      name: "the text", characterCount: count, storage: TokenStorage(ids, vocabularySize: max(count, 1)))
  }

  /// The rows of a batch, after a check of its targets: each is the token after its input.
  static func rows(_ batch: TextBatch) throws -> [[Int32]] {
    let inputs = try batch.inputs.values(as: Int32.self)
    #expect(try batch.targets.values(as: Int32.self) == inputs.map { $0 + 1 })
    #expect(batch.inputs.shape == batch.targets.shape)
    #expect(batch.count == inputs.count)
    let width = batch.inputs.shape[1]
    return stride(from: 0, to: inputs.count, by: width).map { Array(inputs[$0..<($0 + width)]) }
  }

  @Test func randomWindowsDependOnSeedAndStepAlone() throws {
    let text = Self.sequence(1000)
    func starts(_ seed: UInt64, _ step: Int) throws -> [Int32] {
      let rows = try Self.rows(text.randomWindows(context: 5, batchSize: 4, seed: seed, step: step))
      #expect(rows.allSatisfy { $0 == ($0[0]..<$0[0] + 5).map { $0 } })
      return rows.map { $0[0] }
    }
    let first = try starts(1, 10)
    #expect(try starts(1, 10) == first)
    #expect(try starts(1, 11) != first)
    #expect(try starts(2, 10) != first)
    // Neighboring seeds and steps draw independent numbers: of 1,600 among 995 positions, each is drawn 1.6 times.
    let many = try (UInt64(0)..<20).flatMap { seed in try (0..<20).flatMap { try starts(seed, $0) } }
    let counts = Dictionary(many.map { ($0, 1) }, uniquingKeysWith: +)
    #expect(counts.count > 750 && counts.count < 840, "995 · (1 − e^−1.6) = 796 places should be drawn")
    #expect(counts.values.max() ?? 0 < 10)
  }

  @Test func randomWindowsReachEveryPlace() throws {
    let text = Self.sequence(12)
    var counts = [Int](repeating: 0, count: 12)
    for step in 0..<100 {
      for row in try Self.rows(text.randomWindows(context: 3, batchSize: 90, seed: 7, step: step)) {
        counts[Int(row[0])] += 1
      }
    }
    // 9,000 draws of 9 positions: 1,000 each with a standard deviation of 30.
    #expect(counts[..<9].allSatisfy { abs($0 - 1000) < 150 }, "\(counts)")
    #expect(counts[9...] == [0, 0, 0])
  }

  @Test(arguments: [(13, 3, 4, 1), (25, 3, 4, 2), (1000, 10, 8, 12), (1001, 1000, 1, 1), (2, 1, 1, 1)])
  func streamsGoOn(count: Int, context: Int, batchSize: Int, steps: Int) throws {
    let text = Self.sequence(count)
    #expect(try text.streamStepsPerEpoch(context: context, batchSize: batchSize) == steps)
    var streams = [[Int32]](repeating: [], count: batchSize)
    for step in 0..<(3 * steps) {
      let (batch, startsAnew) = try text.streamWindows(context: context, batchSize: batchSize, step: step)
      #expect(startsAnew == (step % steps == 0))
      if startsAnew { streams = [[Int32]](repeating: [], count: batchSize) }
      for (row, ids) in try Self.rows(batch).enumerated() { streams[row] += ids }
    }
    for (row, ids) in streams.enumerated() {
      let start = Int32(row * ((count - 1) / batchSize))
      #expect(ids == (start..<start + Int32(steps * context)).map { $0 })
    }
  }

  @Test(
    arguments: [
      (101, 10, 3, [30, 30, 30, 10]), (105, 10, 4, [40, 40, 20, 4]), (5, 10, 4, [4]), (11, 10, 1, [10]), (2, 1, 1, [1]),
    ])
  func evaluationCountsEachTargetOnce(count: Int, context: Int, batchSize: Int, expected: [Int]) throws {
    let windows = try Self.sequence(count).evaluationWindows(context: context, batchSize: batchSize)
    #expect(windows.map(\.count) == expected)
    #expect(windows.underestimatedCount == expected.count)
    #expect(windows.targetCount == count - 1)
    #expect(try windows.flatMap { try Self.rows($0).flatMap { $0 } } == (0..<Int32(count - 1)).map { $0 })
  }

  @Test(arguments: [(1001, 10, 10, 10), (1000, 10, 10, 9), (11, 10, 10, 1), (1001, .max, .max, 1)])
  func countsStepsOfAnEpoch(count: Int, context: Int, batchSize: Int, steps: Int) throws {
    if context == .max {
      #expect(throws: DataError.self) {
        try Self.sequence(count).randomStepsPerEpoch(context: context, batchSize: batchSize)
      }
    } else {
      #expect(try Self.sequence(count).randomStepsPerEpoch(context: context, batchSize: batchSize) == steps)
    }
  }

  @Test(
    arguments: [
      (10, 0, 1, 0, "the context should be at least 1"), (10, -1, 1, 0, "the context should be at least 1"),
      (10, 1, 0, 0, "the batch size should be at least 1"), (10, 1, 1, -1, "the step should be at least 0"),
      (10, 10, 1, 0, "the text has 10 tokens and should have more than 10"), (0, 1, 1, 0, "has 0 tokens"),
      (10, .max, 1, 0, "has 10 tokens"), (1, 1, 1, 0, "has 1 tokens"),
    ])
  func refuses(count: Int, context: Int, batchSize: Int, step: Int, message: String) throws {
    let text = Self.sequence(count)
    for draw in [
      { () throws -> Void in _ = try text.randomWindows(context: context, batchSize: batchSize, seed: 0, step: step) },
      { _ = try text.streamWindows(context: context, batchSize: batchSize, step: step) },
    ] {
      let error = try #require(throws: DataError.self) { try draw() }
      #expect(error.message.contains(message))
    }
  }

  @Test func streamsNeedTokensForEachRow() throws {
    let error = try #require(throws: DataError.self) {
      try Self.sequence(12).streamWindows(context: 3, batchSize: 4, step: 0)
    }
    #expect(error.message.contains("batch size 4 and context 3"))
    #expect(throws: DataError.self) { try Self.sequence(12).streamStepsPerEpoch(context: 1, batchSize: .max) }
  }
}
