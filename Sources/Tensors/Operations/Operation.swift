/// An operation that a graph holds. Each is a type in a file of its own, with the types of its results, its meaning, its
/// gradient, its kernel, and the method of `Tensor` that records it.
///
/// Its properties are what a plan depends on; what changes from step to step is an operand. An operation is a leaf, a
/// primitive, whose meaning is a loop anyone can check, or a composite, whose meaning is other operations: it conforms
/// to one of the protocols below, and the compiler names what is missing. Nothing else lists the operations: passes
/// ask the questions below.
protocol Operation: Hashable, Sendable {
  /// The name in messages and profiles.
  var name: String { get }
  /// How many results it has, 4 at most.
  var resultCount: Int { get }
  var meaning: OperationMeaning { get }

  /// The types of the results, or what is wrong with these operands.
  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType]

  /// The gradient with respect to each operand; `nil` where the operation is constant in it almost everywhere.
  ///
  /// Rules know nothing of broadcasting: the walk sums a gradient that is larger than its operand.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?]

  /// The results for a batch of examples, along its first axis, at once; `nil`: recorded for each example.
  func mapped(_ step: MappedStep) -> [Tensor]?

  // MARK: What the compiler asks

  /// One element of the result for each position, computed from the operands' elements at that position.
  var elementwise: (any ElementwiseOperation)? { get }
  /// The number that all elements of the result equal.
  var constant: Double? { get }
  /// Whether the result has the elements of the only operand, in another order or repeated, and no others.
  var isRearrangement: Bool { get }
  /// Whether it reads a variable.
  var isVariable: Bool { get }
  /// Whether it has a kernel for these operands. Otherwise its definition is used.
  func hasKernel(for operands: [TensorType], on target: Target) -> Bool
  /// The results by cheaper operations, which are added, or by none, as of x · 1; `nil` where there are no such.
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]?
  /// The result in another shape, where it can be had at once.
  func reshaped(_ operands: [Int], to shape: Shape, in ir: inout IR) throws(TensorError) -> [Int]?
  /// Adds the kernel that computes it, or makes the result another view of an operand.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError)

  /// When it runs, of the times at which it can.
  var timing: Timing { get }

  /// Where the result is the first operand, a matrix, with other rows in some places: which rows, int32 [n], −1 for none, and
  /// what they are in the operand, [n, width].
  func replacedRows(_ operands: [Tensor]) -> (numbers: Tensor, rows: Tensor)?
  /// The operand that holds labels or indices, for diagnosis.
  var indices: IndexOperand? { get }
}

/// When an operation runs that has no elementwise kernel.
enum Timing {
  /// As late as its users allow, so that its result is in memory for a short time.
  case late
  /// As soon as its operands are known.
  case early
  /// After all early operations that were recorded before it.
  case afterEarly
}

/// What the results of an operation are.
enum OperationMeaning {
  /// What a graph begins with.
  case leaf
  case primitive(any PrimitiveOperation)
  case composite(any CompositeOperation)
}

/// What a graph begins with: it has no operands that gradients pass to.
protocol LeafOperation: Operation {}

/// An operation that is defined by its reference.
protocol PrimitiveOperation: Operation {
  /// The result in double precision, by loops that anyone can check by eye: what kernels are tested against.
  func reference(_ operands: ReferenceOperands) -> HostArray
}

/// An operation that is defined by others.
///
/// The definition is the kernel's reference in tests, replaces it where there is none, and is differentiated where the
/// operation has no gradient rule of its own.
protocol CompositeOperation: Operation {
  /// The results in other operations. Definitions may use composites, which nest two deep at most. The operands have
  /// types that `types(of:)` accepts.
  func definition(_ operands: [Tensor]) -> [Tensor]
}

/// A composite operation with a kernel of its own, for operands that are not empty.
protocol KernelOperation: CompositeOperation {}

/// An operation as it was recorded, and the gradients of the loss with respect to its results.
struct BackwardStep {
  let operands: [Tensor]
  let results: [Tensor]
  /// One for each result, at least one of them not `nil`.
  let upstreams: [Tensor?]
  /// The first of them: the only one where there is one result.
  let upstream: Tensor

  init?(_ operands: [Tensor], _ results: [Tensor], _ upstreams: [Tensor?]) {
    guard let upstream = upstreams.lazy.compactMap({ $0 }).first else { return nil }
    (self.operands, self.results, self.upstreams, self.upstream) = (operands, results, upstreams, upstream)
  }

  /// Whether the loss depends on no result but the first.
  var isOfFirstResult: Bool { upstreams.dropFirst().allSatisfy { $0 == nil } && upstreams[0] != nil }
}

/// Which operand holds labels or indices, and the axis of the first operand that they count.
struct IndexOperand {
  var operand: Int
  var axis: Int
  var isLabel = false
}

extension Operation {
  var name: String { "\(Self.self)".prefix(1).lowercased() + "\(Self.self)".dropFirst() }
  var resultCount: Int { 1 }
  var elementwise: (any ElementwiseOperation)? { nil }
  var constant: Double? { nil }
  var isRearrangement: Bool { false }
  var isVariable: Bool { false }
  var timing: Timing { .late }
  var indices: IndexOperand? { nil }
  func replacedRows(_ operands: [Tensor]) -> (numbers: Tensor, rows: Tensor)? { nil }
  func mapped(_ step: MappedStep) -> [Tensor]? { nil }
  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { true }
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? { nil }
  func reshaped(_ operands: [Int], to shape: Shape, in ir: inout IR) throws(TensorError) -> [Int]? { nil }

  /// Whether the other operation is of the same type and equal.
  func isEqual(to other: any Operation) -> Bool { (other as? Self) == self }

  func wrongType(_ operands: [TensorType], needs: String, hint: String? = nil) -> TensorError {
    let found = operands.map(\.description).joined(separator: " and ")
    return TensorError("\(name): needs \(needs), not \(found)" + (hint.map { "; \($0)" } ?? ""))
  }

  /// The error for operands without arithmetic; `integers`: whether those of integers have some.
  func needsArithmetic(_ operands: [TensorType], integers: Bool = false) -> TensorError {
    wrongType(
      operands, needs: integers ? "float32, float64 or integers" : "float32 or float64",
      hint: "use cast(to: .float32) first")
  }
}

extension LeafOperation {
  var meaning: OperationMeaning { .leaf }
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] { step.operands.map { _ in nil } }
}

extension PrimitiveOperation {
  var meaning: OperationMeaning { .primitive(self) }
}

extension CompositeOperation {
  var meaning: OperationMeaning { .composite(self) }
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] { try definitionGradients(step) }
  func mapped(_ step: MappedStep) -> [Tensor]? { mappedDefinition(of: self, step) }
  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { false }
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    throw TensorError("internal error: \(name) has no kernel")
  }

  /// The gradients of the definition.
  func definitionGradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    try definitionGradients(of: step.operands, step.upstreams)
  }

  private func definitionGradients(of operands: [Tensor], _ upstreams: [Tensor?]) throws(TensorError) -> [Tensor?] {
    // New leaves for the operands end this walk at the operation's boundary; later derivatives pass through them.
    let borders = operands.map { Tensor(Node(Reshape(shape: $0.shape), inputs: [$0], types: [$0.type])) }
    return try reverseWalk(from: zip(definition(borders), upstreams).map { ($0, $1) }, to: borders)
  }

  /// The gradients of the definition, as the definition of an operation that has a kernel for them: zeros where the
  /// results do not depend on an operand. An operand whose values the gradients do not depend on may be any of its type.
  func gradientDefinition(of operands: [Tensor], _ upstreams: [Tensor?]) -> [Tensor] {
    do throws(TensorError) {
      let found = try definitionGradients(of: operands, upstreams)
      return zip(operands, found).map { $1 ?? .zeros($0.shape, dtype: $0.dtype) }
    } catch { return operands.map { _ in .failed(error) } }
  }
}

extension KernelOperation {
  func hasKernel(for operands: [TensorType], on target: Target) -> Bool {
    operands.allSatisfy { $0.shape.elementCount > 0 }
  }
}
