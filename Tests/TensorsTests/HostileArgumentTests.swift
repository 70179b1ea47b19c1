import Tensors
import Testing

/// A call with an invalid argument. It must end in a sentence, whatever the argument.
struct HostileCall: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let make: @Sendable () throws -> [Tensor]

  init(_ name: String, _ make: @escaping @Sendable () throws -> [Tensor]) {
    (testDescription, self.make) = (name, make)
  }
  init(_ name: String, _ make: @escaping @Sendable () throws -> Tensor) { self.init(name) { [try make()] } }

  /// Its error; `nil` where there is none.
  func outcome() -> String? {
    do {
      try evaluate(try make())
      return nil
    } catch {
      return "\(error)"
    }
  }
}

/// Whether it reads like a sentence rather than like internals of a program.
func isSentence(_ text: String) -> Bool {
  text.count > 15 && text.contains(" ")
    && !["Optional(", "Error(", "internal error", "Node"].contains { text.contains($0) }
}

@Suite struct HostileArgumentTests {
  private static var matrix: Tensor { Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]) }
  private static var images: Tensor { .ones([1, 2, 5, 5]) }
  private static var weights: Tensor { .ones([3, 2, 3, 3]) }
  /// More than fits into any machine, though each can be counted.
  private static let huge = 1 << 42
  private static let numbers = [Int.min, -huge, -7, -1, 0, 1, 2, 3, huge, Int.max / 2 + 1, Int.max]
  private static let impossibleShapes: [Shape] = [
    [-1], [.min], [.max], [.max, .max], [2, -3], [0, .max, .max], [1 << 32, 1 << 32],
    Shape([Int](repeating: 1, count: 9)),
  ]

  /// Shapes that no tensor can have, or that do not fit into memory.
  private static let shapes: [HostileCall] = (impossibleShapes + [[huge], [1 << 21, 1 << 21]]).flatMap { shape in
    [
      HostileCall("Tensor(\(shape))") { Tensor([1, 2], shape: shape.dimensions) },
      HostileCall("int Tensor(\(shape))") { Tensor([1, 2] as [Int32], shape: shape.dimensions) },
      HostileCall("zeros(\(shape))") { .zeros(shape) },
      HostileCall("full(\(shape)).exp()") { Tensor.full(shape, 2).exp() },
      HostileCall("randomUniform(\(shape))") { .randomUniform(shape) },
      HostileCall("randomNormal(\(shape))") { .randomNormal(shape) },
      HostileCall("broadcast(\(shape))") { Tensor(1).broadcast(to: shape) },
      HostileCall("reshaped(\(shape))") { Tensor.ones([5]).reshaped(to: Shape([5, -1] + shape.dimensions)) },
      HostileCall("stand-in(\(shape))") { .standIn(like: Tensor.zeros(shape)) },
      HostileCall("zeros(\(shape)) + data") { Tensor.zeros(shape) + Tensor([1], shape: [1]) },
      HostileCall("Variable(\(shape))") { try Variable([1, 2], shape: shape, name: "v").tensor },
    ]
  }

  private static let calls: [HostileCall] = [
    HostileCall("two open sizes") { matrix.reshaped(to: [-1, -1]) },
    HostileCall("values that are too few") { Tensor([1, 2], shape: [3]) },
    HostileCall("padded by Int.max") { Tensor([1], shape: [1]).padded(before: [.max], after: [.max]) },
    HostileCall("padded by too few") { matrix.padded(before: [], after: [1]) },
    HostileCall("padded by much") { Tensor([1], shape: [1]).padded(before: [huge], after: [0]) },
    HostileCall("sliced outside") { matrix.sliced(starts: [.max, .max], shape: [.max, 1]) },
    HostileCall("sliced without axes") { matrix.sliced(starts: [], shape: [1]) },
    HostileCall("sliced below 0") { matrix.sliced(starts: [.min, 0], shape: [1, 1]) },
    HostileCall("permuted twice the same") { matrix.permuted([0, 0]) },
    HostileCall("permuted outside") { matrix.permuted([.max, .min]) },
    HostileCall("transposed vector") { Tensor([1], shape: [1]).transposed },
    HostileCall("nothing concatenated") { .concatenated([], axis: 0) },
    HostileCall("long ones concatenated") {
      .concatenated(Array(repeating: Tensor.zeros([1 << 44]), count: 1 << 10), axis: 0)
    },
    HostileCall("concatenated types") { .concatenated([matrix, matrix.cast(to: .int32)], axis: 0) },
    HostileCall("nothing stacked") { .stacked([]) },
    HostileCall("different shapes stacked") { .stacked([matrix, Tensor(1)]) },
    HostileCall("mean of whole numbers") { matrix.cast(to: .int32).mean() },
    HostileCall("norm of whole numbers") { matrix.cast(to: .int32).norm() },
    HostileCall("softplus of whole numbers") { matrix.cast(to: .int32).softplus() },
    HostileCall("clamped between nothing") { matrix.clamped(min: 1, max: -1) },
    HostileCall("triangle of a vector") { Tensor.ones([3]).tril() },
    HostileCall("parts of a long axis") { Tensor.zeros([huge]).unstacked() },
    HostileCall("many chunks") { Tensor.zeros([huge]).chunked(huge) },
    HostileCall("classes of floats") { matrix.oneHot(classes: 2) },
    HostileCall("a subscript of too many") { matrix[0, 0, 0] },
    HostileCall("a gradient that does not fit") {
      let x = matrix
      let y = Tensor.customGradient(of: x) {
        $0
      } gradient: { _, _, _ in
        .ones([7])
      }
      return try gradients(of: y.sum(), withRespectTo: [x]).map { try #require($0) }
    },
    HostileCall("scan along no axis") { matrix.cumulativeSum(axis: .max) },
    HostileCall("scan of bools") { matrix.greater(than: 2).cumulativeMax(axis: 0) },
    HostileCall("topK of too many") { matrix.topK(4).values },
    HostileCall("topK of Int.min") { matrix.topK(.min, axis: 0).indices },
    HostileCall("median of nothing") { Tensor.zeros([0]).median() },
    HostileCall("quantile beyond 1") { matrix.quantile(1.5) },
    HostileCall("quantile of NaN") { matrix.quantile(.nan, axis: 1) },
    HostileCall("quantile of whole numbers") { matrix.cast(to: .int32).quantile(0.5) },
    HostileCall("search in other rows") { matrix.searchSorted(.ones([3, 1])) },
    HostileCall("gathered by floats") { matrix.gather(matrix, along: 0) },
    HostileCall("gathered by another shape") { matrix.gather(Tensor([0] as [Int32], shape: [1]), along: 1) },
    HostileCall("gathered along no axis") { matrix.gather(matrix.cast(to: .int32), along: .min) },
    HostileCall("taken along no axis") { matrix.take(Tensor(0 as Int32), axis: 2) },
    HostileCall("scattered in another type") {
      matrix.scatter(matrix.cast(to: .int32), at: matrix.cast(to: .int32), along: 0)
    },
    HostileCall("scattered updates of another shape") {
      matrix.scatter(Tensor.ones([1]), at: matrix.cast(to: .int32), along: 0, mode: .add)
    },
    HostileCall("mean of scattered whole numbers") {
      let whole = matrix.cast(to: .int32)
      return whole.scatter(whole, at: whole, along: 0, mode: .mean)
    },
    HostileCall("tiled by too few") { matrix.tiled([2]) },
    HostileCall("tiled by much") { matrix.tiled([huge, huge]) },
    HostileCall("repeated below 0") { matrix.repeated(-1, axis: 0) },
    HostileCall("repeated Int.max times") { matrix.repeated(.max, axis: 0) },
    HostileCall("product of bools") { matrix.greater(than: 2).product() },
    HostileCall("logSumExp of whole numbers") { matrix.cast(to: .int32).logSumExp() },
    HostileCall("polygamma of Int.max") { matrix.polygamma(.max) },
    HostileCall("tangent of whole numbers") { matrix.cast(to: .int32).tan() },
    HostileCall("bits of floats") { matrix.bitXor(matrix) },
    HostileCall("angles of other shapes") { atan2(matrix, .ones([4])) },
    HostileCall("einsum of nothing") { .einsum("->", []) },
    HostileCall("diagonal of a vector") { Tensor.ones([3]).diagonal() },
    HostileCall("diagonal of one axis") { matrix.diagonal(axes: (0, 0)) },
    HostileCall("diagonal Int.min") { matrix.diagonal(offset: .min) },
    HostileCall("tensordot over Int.max axes") { matrix.tensordot(matrix, count: .max) },
    HostileCall("tensordot over one axis twice") { matrix.tensordot(matrix, axes: ([0, 0], [0, 0])) },
    HostileCall("dot of matrices") { matrix.dot(matrix) },
    HostileCall("cross of two elements") { Tensor.ones([2]).cross(.ones([2])) },
    HostileCall("distances of other rows") { matrix.distances(to: .ones([2, 2])) },
    HostileCall("distances of order 3") { matrix.distances(to: matrix, order: 3) },
    HostileCall("kronecker of many axes") { Tensor.ones([1, 1, 1, 1, 1]).kronecker(matrix) },
    HostileCall("maximum of nothing") { Tensor.zeros([0]).max() },
    HostileCall("argmax of nothing") { Tensor.zeros([2, 0]).argmax() },
    HostileCall("product of vectors") { Tensor.ones([3]).matmul(.ones([3])) },
    HostileCall("product of different sizes") { matrix.matmul(matrix) },
    HostileCall("product of many") { Tensor.zeros([1 << 22, 1 << 22]).matmul(.zeros([1 << 22, 1 << 22])) },
    HostileCall("product with many rows") { Tensor.ones([huge, 1]).matmul(.ones([1, 1])) },
    HostileCall("sum of many") { (Tensor([1, 2], shape: [2, 1]) + .zeros([2, 1 << 41])).sum() },
    HostileCall("random sum of many") { Tensor.randomNormal([huge]).sum() },
    HostileCall("dilation of Int.max") { images.convolved(with: weights, dilation: SpatialSize(.max)) },
    HostileCall("stride of Int.min") { images.convolved(with: weights, stride: SpatialSize(.min)) },
    HostileCall("padding of Int.max") { images.convolved(with: weights, paddingBegin: SpatialSize(.max)) },
    HostileCall("padding below 0") { images.convolved(with: weights, paddingEnd: -1) },
    HostileCall("no groups") { images.convolved(with: weights, groups: 0) },
    HostileCall("Int.min groups") { images.convolved(with: weights, groups: .min) },
    HostileCall("Int.max groups") { images.convolved(with: weights, groups: .max) },
    HostileCall("weights of rank 0") { images.convolved(with: Tensor(1)) },
    HostileCall("images of rank 2") { matrix.convolved(with: weights) },
    HostileCall("kernel of Int.max") { images.maxPooled(kernel: SpatialSize(.max), stride: 1) },
    HostileCall("kernel of 0") { images.averagePooled(kernel: 0, stride: 1) },
    HostileCall("stride of 0") { images.maxPooled(kernel: 2, stride: 0) },
    HostileCall("padding of a window") { images.maxPooled(kernel: 2, stride: 1, paddingBegin: 2) },
    HostileCall("positions in much padding") {
      let half = SpatialSize(1 << 29)
      return images.maxPooledWithPositions(kernel: SpatialSize(1 << 30), paddingBegin: half, paddingEnd: half).positions
    },
    HostileCall("correction of a covariance") { matrix.covariance(correction: .min) },
    HostileCall("a frame of Int.max") { matrix.shortTimeFFT(frameSize: .max, padding: .zero) },
    HostileCall("epsilon NaN") { images.batchNormalized(scale: .ones([2]), shift: .zeros([2]), epsilon: .nan).output },
    HostileCall("epsilon below 0") { matrix.layerNormalized(scale: .ones([3]), shift: .zeros([3]), epsilon: -1) },
    HostileCall("groups of a vector") {
      Tensor.ones([3]).groupNormalized(groups: 1, scale: Tensor(1), shift: Tensor(1))
    },
    HostileCall("groups that do not divide") {
      images.groupNormalized(groups: 4, scale: .ones([2]), shift: .zeros([2]))
    },
    HostileCall("normalized number") { Tensor(1).layerNormalized(scale: Tensor(1), shift: Tensor(1)) },
    HostileCall("softmax of a number") { Tensor(1).softmax() },
    HostileCall("losses of numbers") { crossEntropyLosses(logits: Tensor(1), labels: Tensor(1)) },
    HostileCall("rows by floats") { matrix.rows(Tensor(1)) },
    HostileCall("attention of numbers") { attention(queries: Tensor(1), keys: Tensor(1), values: Tensor(1)) },
    HostileCall("attention's scale") {
      let x = Tensor.ones([1, 1, 2, 2])
      return attention(queries: x, keys: x, values: x, scale: .infinity)
    },
    HostileCall("recurred number") {
      Tensor(1).recurred(.lstm, weights: matrix, bias: matrix, lengths: matrix, initial: matrix).states
    },
    HostileCall("replaced in another type") { matrix.replacing(axis: 0, at: Tensor(1), with: matrix) },
    HostileCall("gradient of many") { try gradients(of: matrix, withRespectTo: [matrix]).map { try #require($0) } },
    HostileCall("gradient of a failed one") {
      try gradients(of: .failed(TensorError("this was wrong before")), withRespectTo: [matrix]).map { try #require($0) }
    },
    HostileCall("gradient check of order 0") {
      _ = try gradientCheck({ $0[0] }, at: [matrix], order: 0)
      return []
    },
    HostileCall("gradient check's step") {
      _ = try gradientCheck({ $0[0] }, at: [matrix], step: .nan)
      return []
    },
    HostileCall("gradient check of many") {
      _ = try gradientCheck({ $0[0] }, at: [.zeros([huge])])
      return []
    },
    HostileCall("random numbers below 0") {
      _ = try Random(seed: 1).uniform(count: -1)
      return []
    },
    HostileCall("Int.max random numbers") {
      _ = try Random(seed: 1).uniform(count: .max)
      return []
    },
    HostileCall("Int.max normal numbers") {
      _ = try Random(seed: 1).normal(count: .max)
      return []
    },
    HostileCall("Int.max / 4 normal numbers") {
      _ = try Random(seed: 1).normal(count: .max / 4)
      return []
    },
    HostileCall("a variable's count") {
      try Variable([1], shape: [1], name: "v").set([1, 2])
      return []
    },
    HostileCall("a number of many") {
      _ = try matrix.scalar()
      return []
    },
    HostileCall("numbers of labels") {
      _ = try Tensor([1] as [Int32], shape: [1]).values()
      return []
    },
    HostileCall("labels of numbers") {
      _ = try matrix.values(as: Int32.self)
      return []
    },
    HostileCall("a compiled graph's inputs") { [try compiledGraph().run([])[0]] },
    HostileCall("a compiled graph's numbers") { [try compiledGraph().run([matrix], numbers: [1])[0]] },
    HostileCall("a compiled graph of a sum") {
      _ = try CompiledGraph(computing: [matrix], assigning: [], inputs: [matrix + matrix])
      return []
    },
  ]

  private static func compiledGraph() throws -> CompiledGraph {
    let x = Tensor.standIn(like: matrix)
    return try CompiledGraph(computing: [x * 2], assigning: [], inputs: [x])
  }

  @Test(arguments: shapes + calls) func endsInASentence(call: HostileCall) throws {
    let outcome = try #require(call.outcome(), "no error")
    #expect(isSentence(outcome), "\(outcome)")
  }

  /// Calls with one integer, some of which are valid.
  private static let numbered: [(String, @Sendable (Int) throws -> [Tensor])] = [
    ("flattened", { [matrix.flattened(from: $0)] }),
    ("concatenated", { [.concatenated([matrix, matrix], axis: $0)] }),
    ("sum", { [matrix.sum(axes: [$0])] }),
    ("mean", { [matrix.mean(axes: [$0, $0], keepingAxes: true)] }),
    ("max", { [matrix.max(axes: [$0])] }),
    ("min", { [matrix.min(axes: [$0, 0])] }),
    ("softmax", { [matrix.softmax(axis: $0), matrix.logSoftmax(axis: $0)] }),
    ("reversed", { [matrix.reversed(axes: [$0, 0])] }),
    ("transposed", { [matrix.transposed($0, 0), matrix.transposed(1, $0)] }),
    ("squeezed", { [matrix.unsqueezed(axis: 0).squeezed(axes: [$0])] }),
    ("unsqueezed", { [matrix.unsqueezed(axis: $0)] }),
    ("stacked", { [.stacked([matrix, matrix], axis: $0)] }),
    ("split", { matrix.split(sizes: [$0, 2], axis: 1) + matrix.split(sizes: [1, 1], axis: $0) }),
    ("chunked", { matrix.chunked($0, axis: 1) + matrix.chunked(2, axis: $0) }),
    ("variance", { [matrix.variance(axes: [$0], correction: 0), matrix.variance(correction: $0)] }),
    ("standardDeviation", { [matrix.standardDeviation(axes: [$0], correction: 1)] }),
    ("norm", { [matrix.norm(axes: [$0])] }),
    ("linspace", { [.linspace(from: 0, to: Double($0), count: 3), .linspace(from: 0, to: 1, count: $0)] }),
    ("eye", { [.eye($0), .eye($0, 1), .eye(2, $0)] }),
    ("classes", { [Tensor.arange(to: 3).oneHot(classes: $0)] }),
    ("triangles", { [matrix.tril(diagonal: $0), matrix.triu(diagonal: $0)] }),
    ("subscript", { [matrix[$0], matrix[.ellipsis, $0...], matrix[0, ..<$0], matrix[...$0, .newAxis]] }),
    (
      "steps",
      { [matrix[0, .stride(by: $0)], matrix[.stride(from: $0, by: -1)], matrix[.stride(to: $0, by: -2), 0]] }
    ),
    ("argmax", { [matrix.argmax(axis: $0)] }),
    ("permuted", { [matrix.permuted([$0, 0])] }),
    ("replacing", { [matrix.replacing(axis: $0, at: Tensor([0] as [Int32], shape: []), with: matrix)] }),
    ("replacing at", { [matrix.replacing(axis: 0, at: Tensor([Int32(clamping: $0)], shape: []), with: matrix)] }),
    ("reshaped", { [matrix.reshaped(to: [$0, -1])] }),
    ("broadcast", { [Tensor(1).broadcast(to: [$0, 2])] }),
    ("sliced", { [matrix.sliced(starts: [$0, 0], shape: [1, 1])] }),
    ("sliced shape", { [matrix.sliced(starts: [0, 0], shape: [$0, 1])] }),
    ("padded", { [matrix.padded(before: [$0, 0], after: [0, $0])] }),
    ("stride", { [images.convolved(with: weights, stride: SpatialSize($0, 1), paddingBegin: 1)] }),
    ("dilation", { [images.convolved(with: weights, paddingBegin: 1, paddingEnd: 1, dilation: [1, $0])] }),
    (
      "padding", { [images.convolved(with: weights, paddingBegin: SpatialSize($0, 0), paddingEnd: SpatialSize(0, $0))] }
    ),
    ("groups", { [images.convolved(with: weights, groups: $0)] }),
    ("normalized groups", { [images.groupNormalized(groups: $0, scale: .ones([2]), shift: .zeros([2]))] }),
    ("pool", { [images.maxPooled(kernel: SpatialSize($0), stride: SpatialSize($0), paddingBegin: 0)] }),
    (
      "pool's padding",
      { [images.averagePooled(kernel: 3, stride: 1, paddingBegin: SpatialSize($0), paddingEnd: SpatialSize($0))] }
    ),
    ("rows", { [matrix.rows(Tensor([Int32(clamping: $0)], shape: [1]))] }),
    ("losses", { [crossEntropyLosses(logits: matrix, labels: Tensor([0, Int32(clamping: $0)], shape: [2]))] }),
    (
      "attention's lengths",
      {
        let x = Tensor.ones([1, 1, 6, 4])
        let lengths = Tensor([Int32(clamping: $0)], shape: [1])
        return [attention(queries: x, keys: x, values: x, lengths: lengths, causal: true)]
      }
    ),
    (
      "attention of many",
      { n in
        let (q, x) = (Tensor.ones([1, 1, 1, 2]), Tensor.ones([1, 1, n, 2]))
        return [attention(queries: q, keys: x, values: x)]
      }
    ),
    ("arange", { [.arange(to: $0), .arange(from: $0, to: 5, by: $0), .arange(to: Double($0), by: 0.5)] }),
    (
      "shape",
      { n in
        let shape: Shape = [2, n]
        _ = (shape.elementCount, shape[n], shape[0..<max(n, 0)].count, shape.description)
        return []
      }
    ),
    ("pair", { [images.convolved(with: weights, stride: [$0, $0, $0])] }),
    (
      "call site",
      {
        _ = CallSite("f", UInt(bitPattern: $0)).description
        return []
      }
    ),
  ]

  @Test(arguments: numbered.indices) func nothingTraps(index: Int) {
    let (name, make) = Self.numbered[index]
    for number in Self.numbers {
      let outcome = HostileCall(name) { try make(number) }.outcome()
      #expect(outcome.map(isSentence) ?? true, "\(name) \(number): \(outcome ?? "")")
    }
  }

  /// One axis in two ways of counting; `AxisTests` has the others.
  @Test func negativeAxesCountFromTheEnd() throws {
    let x = Self.matrix
    #expect(try Tensor.concatenated([x, x], axis: -1).values() == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
    #expect(try x.permuted([-1, -2]).values() == [1, 4, 2, 5, 3, 6])
    #expect(x.permuted([-1, 0]).shape == [3, 2])
    #expect(x.flattened(from: -2).shape == [6])
    #expect(x.flattened(from: -1).shape == [2, 3])
    #expect(try x.sum(axes: [-1]).values() == [6, 15])
    #expect(try x.argmax(axis: -2).values(as: Int32.self) == [1, 1, 1])
    let block = Tensor([9, 9], shape: [2, 1])
    #expect(
      try x.replacing(axis: -1, at: Tensor([2] as [Int32], shape: []), with: block).values() == [1, 2, 9, 4, 5, 9])
  }

  @Test func nineAxesAreTooMany() throws {
    let failure = try #require(Tensor.zeros(Shape([Int](repeating: 1, count: 9))).failure)
    #expect(failure.message.contains("at most 8"), "\(failure)")
    #expect(Tensor.zeros(Shape([Int](repeating: 1, count: 8))).failure == nil)
  }

  /// Both values of a variable that is assigned twice would be right; one would be lost.
  @Test func aVariableIsAssignedOnce() throws {
    let (weight, other) = (try Variable([1], shape: [1], name: "weight"), try Variable([2], shape: [1], name: "other"))
    let twice = [(weight, other.tensor), (other, weight.tensor), (weight, weight.tensor * 2)]
    let failures = [
      #expect(throws: TensorError.self) { try evaluate([], assigning: twice) },
      #expect(throws: TensorError.self) { _ = try CompiledGraph(computing: [], assigning: twice, inputs: []) },
    ]
    for failure in failures { #expect(try #require(failure).message.contains("weight is assigned twice")) }
    #expect(try weight.values() == [1])
    #expect(try other.values() == [2])
  }

  /// As many threads as requested, but no more than a machine can start.
  @Test func threadsAreHeldToWhatThereCanBe() throws {
    let before = Threads.count
    defer { Threads.count = before }
    for count in [100_000, .max, .min, 0, -1] {
      Threads.count = count
      #expect(1...1024 ~= Threads.count)
      #expect(try Self.matrix.matmul(Self.matrix.transposed).values() == [14, 32, 32, 77])
    }
  }
}
