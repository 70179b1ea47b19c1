import Dispatch
import Synchronization
import Testing

@testable import NeuralNetworks
@testable import Tensors

/// Updates that touch only the rows of a table that a step used.
@Suite struct UsedRowsTests {
  private struct Content: Decodable {
    var sparse: [String: [Point]]
  }

  private struct Point: Decodable {
    var step: Int
    var table: [Double]
  }

  private struct Table: Layer {
    let weight: Parameter

    func callAsFunction(_ x: Tensor) -> Tensor { weight.tensor.rows(x) }
  }

  private static func table(rows: Int, width: Int, updatesOnlyUsedRows: Bool = true) throws -> Table {
    let array = GeneratedArray(shape: [rows, width], seed: 21, scale: 1)
    let table = Table(weight: Parameter(array.values, shape: [rows, width], name: "weight"))
    table.weight.updatesOnlyUsedRows = updatesOnlyUsedRows
    return try table.copy(as: .float64)
  }

  /// As PyTorch's, in float64.
  @Test(arguments: ["SparseAdam", "Adagrad", "SGD"]) func pathsAreThoseOfPyTorch(_ name: String) throws {
    let path = try #require(try fixture("Optimizers/rows", as: Content.self).sparse[name])
    let model = try Self.table(rows: 9, width: 3)
    let targets = GeneratedArray(shape: [3, 4, 3], seed: 22, scale: 1).tensor.cast(to: .float64)
    let optimizer: any Optimizer =
      switch name {
      case "SparseAdam": Adam(for: model, learningRate: 0.03125, epsilon: 1e-8, variant: .keras)
      case "Adagrad": AdaGrad(for: model, learningRate: 0.0625, variant: .pytorch)
      default: GradientDescent(for: model, learningRate: 0.0625)
      }
    for point in path {
      while optimizer.stepCount < point.step {
        let step = optimizer.stepCount + 1
        let numbers = Tensor((0..<4).map { Int32((step * step + $0 * step / 2) % 8) }, shape: [4])
        let target = targets[step % 3]
        try optimizer.update(
          along: valueAndGradient(of: model) { ($0(numbers).tanh() - target).square().sum() }.gradients)
      }
      let found = try model.weight.variable().values(as: Double.self)
      let difference = zip(found, point.table).map { abs($0 - $1) }.max() ?? .infinity
      #expect(found.count == point.table.count && difference <= 1e-9, "step \(point.step): \(difference)")
    }
  }

  /// Two uses of a table, clipping and a penalty: what changes is the same as in an update of the whole table whose
  /// other rows have no gradient.
  @Test func usesAreAddedUp() throws {
    func trained(_ updatesOnlyUsedRows: Bool) throws -> [Double] {
      let model = try Self.table(rows: 6, width: 2, updatesOnlyUsedRows: updatesOnlyUsedRows)
      let optimizer = GradientDescent(for: model, learningRate: 0.1, clipNorm: 0.5)
      let (a, b) = (Tensor([1, 4, 1] as [Int32], shape: [3]), Tensor([4, 0, 9] as [Int32], shape: [3, 1]))
      for _ in 0..<5 {
        let gradients = valueAndGradient(of: model) { model in
          model(a).square().sum() + model(b[..<2]).sin().sum()
        }.gradients
        try optimizer.update(along: gradients)
      }
      return try model.weight.variable().values(as: Double.self)
    }
    let (used, all) = (try trained(true), try trained(false))
    for (a, b) in zip(used, all) { #expect(abs(a - b) < 1e-14) }
    #expect(used != (try Self.table(rows: 6, width: 2).weight.variable().values(as: Double.self)))
  }

  /// A graph that was recorded before updates keeps the values it read, whether it is evaluated after one update, after
  /// several, or after another assignment.
  @Test(arguments: [1, 2, 3]) func oldGraphsKeepTheirValues(_ steps: Int) throws {
    let model = try Self.table(rows: 6, width: 2)
    let optimizer = Adam(for: model, learningRate: 0.1)
    func update(_ first: Int32) throws -> Tensor {
      let numbers = Tensor([first, 4, first], shape: [3])
      let gradients = valueAndGradient(of: model) { $0(numbers).square().sum() }.gradients
      try optimizer.update(along: gradients)
      return try #require(gradients[model.weight])
    }
    // The first update copies the table; the later ones replace rows in place.
    _ = try update(0)
    let before = try model.weight.variable().values(as: Double.self)
    let old = model.weight.tensor
    let sum = (old * 2).sum()
    let gradients = try (0..<steps).map { try update(Int32($0)) }
    let after = try model.weight.variable().values(as: Double.self)
    #expect(after != before)
    #expect(try old.values(as: Double.self) == before)
    #expect(try abs(sum.scalar(as: Double.self) - before.reduce(0, +) * 2) < 1e-12)
    // 2 x of the rows, as they were, each as often as it was used.
    #expect(
      try gradients[0].values(as: Double.self)
        == [4, 4, 0, 0, 0, 0, 0, 0, 2, 2, 0, 0].enumerated().map { $1 * before[$0] })
    #expect(try model.weight.variable().values(as: Double.self) == after)
    // Another assignment than of rows.
    let last = model.weight.tensor
    _ = try update(5)
    try model.weight.variable().set([Double](repeating: 1, count: 12))
    #expect(try last.values(as: Double.self) == after)
  }

  /// While one thread updates two rows alike, others never see one without the other, in graphs of any age.
  @Test func readersSeeWholeUpdates() throws {
    let model = Table(weight: Parameter([Float](repeating: 1, count: 600), shape: [300, 2], name: "weight"))
    model.weight.updatesOnlyUsedRows = true
    let numbers = Tensor([7, 250] as [Int32], shape: [2])
    let isRight = Mutex(true)
    DispatchQueue.concurrentPerform(iterations: 3) { thread in
      let optimizer = GradientDescent(for: model, learningRate: 0x1p-8)
      for _ in 0..<60 {
        do {
          if thread == 0 {
            try optimizer.update(along: valueAndGradient(of: model) { $0(numbers).sum() }.gradients)
          } else {
            let table = model.weight.tensor
            let values = try [table * 1, table + 0].map { try $0.values() }
            let isWhole = values[0] == values[1] && values[0][14] == values[0][500] && values[0][0] == 1
            if !isWhole { isRight.withLock { $0 = false } }
          }
        } catch { isRight.withLock { $0 = false } }
      }
    }
    let isRightNow = isRight.withLock { $0 }
    #expect(isRightNow)
    #expect(try model.weight.tensor.values()[14] == 1 - 60 * 0x1p-8)
  }

  @Test func otherUsesUpdateAllRows() throws {
    let model = try Self.table(rows: 4, width: 2)
    let optimizer = Adam(for: model, learningRate: 0.1)
    let before = try model.weight.variable().values(as: Double.self)
    let numbers = Tensor([2] as [Int32], shape: [1])
    try optimizer.update(
      along: valueAndGradient(of: model) { $0(numbers).matmul($0.weight.tensor.transposed).sum() }.gradients)
    #expect(zip(before, try model.weight.variable().values(as: Double.self)).allSatisfy { $0 != $1 })
  }

  /// The memory of an update is that of the rows: neither gradient nor state of the whole table.
  @Test func memoryIsThatOfTheRows() throws {
    let embedding = Embedding(100_000, 8, updatesOnlyUsedRows: true)
    let optimizer = Adam(for: embedding, clipNorm: 1)
    let rows = Tensor((0..<64).map { Int32($0 * 37 % 50) }, shape: [64])
    let gradients = valueAndGradient(of: embedding) { $0(rows).square().mean() }.gradients
    var numbers: [Double] = []
    try optimizer.appendInputs(to: &numbers)
    let assignments = try optimizer.assignments(along: gradients, optimizer.scalarTensors(numbers))
    let request = try Executor.shared.withLock { (_) throws(TensorError) in
      try Request(outputs: [gradients.loss], assignments: assignments)
    }
    let plan = try Lowering.compile(IR(request.key))
    #expect(plan.arenaBytes < 200_000, "\(plan.arenaBytes)")
    #expect(plan.outputSizes.reduce(0, +) < 200_000, "\(plan.outputSizes)")
  }
}
