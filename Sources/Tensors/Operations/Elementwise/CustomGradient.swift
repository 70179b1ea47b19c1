/// The first operand, whose gradient with respect to the others is a rule of the caller; without others, a constant.
///
/// operands: the result of the forward function, then the inputs that the rule has gradients for.
///
/// It exists for the reverse walk and is replaced by its operand when a plan is compiled. So the rule, a closure, which
/// cannot be compared, is no part of a plan's key: plans that differ in their rules only have the same operations, since
/// gradients are operations of their own by then.
struct CustomGradient: PrimitiveOperation {
  typealias Rule = @Sendable (_ inputs: [Tensor], _ result: Tensor, _ upstream: Tensor) -> [Tensor?]
  let rule: Rule

  static func == (a: CustomGradient, b: CustomGradient) -> Bool { true }
  func hash(into hasher: inout Hasher) {}

  func types(of operands: [TensorType]) -> [TensorType] { [operands[0]] }

  /// What the caller's rule gives; nothing passes to the forward function.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    let inputs = Array(step.operands.dropFirst())
    let found = rule(inputs, step.results[0], step.upstream)
    guard found.count == inputs.count else {
      throw TensorError("customGradient: the rule gives \(found.count) gradients for \(inputs.count) inputs")
    }
    for case (let input, let gradient?) in zip(inputs, found) {
      if let failure = gradient.failure { throw failure }
      guard gradient.dtype == input.dtype || gradient.isNumber, gradient.shape.broadcast(with: input.shape) != nil
      else {
        throw TensorError("customGradient: the rule gives \(gradient.type) as the gradient of \(input.type)")
      }
    }
    return [nil] + found
  }

  func mapped(_ step: MappedStep) -> [Tensor]? {
    let rule = rule
    let op = CustomGradient { inputs, result, upstream in
      // The rule is one for an example.
      var isGiven: [Bool] = []
      let found = Tensors.mapped(over: inputs + [result, upstream]) { example in
        let gradients = rule(Array(example.dropLast(2)), example[example.count - 2], example[example.count - 1])
        isGiven = gradients.map { $0 != nil }
        return gradients.compactMap { $0 }
      }
      var given = found.makeIterator()
      return isGiven.map { $0 ? given.next() : nil }
    }
    return step.batched(op)
  }

  func reference(_ operands: ReferenceOperands) -> HostArray { operands.arrays[0] }
  func rewritten(_ operands: [Int], in ir: inout IR) -> [Int]? { [operands[0]] }
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    lowering.views[instruction.firstOutput] = try lowering.view(instruction.inputs[0])
  }
}

extension Tensor {
  /// The same values, taken as constants by derivatives.
  public func stoppingGradient() -> Tensor { .record(CustomGradient { _, _, _ in [] }, [self]) }

  /// A function of some tensors with a gradient of one's own, which is taken in place of that of its operations.
  ///
  /// ```swift
  /// // The product, of which only the first factor learns.
  /// let product = Tensor.customGradient(of: [a, b]) {
  ///   $0[0] * $0[1]
  /// } gradient: { inputs, y, upstream in
  ///   [upstream * inputs[1], nil]
  /// }
  /// ```
  ///
  /// `gradient` gets the inputs, the result and the gradient of the loss with respect to the result, and returns that
  /// with respect to each input, of the input's shape; `nil` where there is none. It records tensors like any other code,
  /// so its result can be differentiated again. Other tensors that the closures use count as constants.
  ///
  /// Where it returns another number of gradients, or shapes that do not fit, the gradients are failed tensors.
  public static func customGradient(
    of inputs: [Tensor], _ function: ([Tensor]) -> Tensor,
    gradient: @escaping @Sendable (_ inputs: [Tensor], _ result: Tensor, _ upstream: Tensor) -> [Tensor?],
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .record(CustomGradient(rule: gradient), [function(inputs)] + inputs, CallSite(file, line))
  }

  /// A function of one tensor with a gradient of one's own, which is taken in place of that of its operations.
  ///
  /// ```swift
  /// // Straight-through estimator (Bengio, Léonard & Courville 2013): rounds, with the gradient of the identity.
  /// let rounded = Tensor.customGradient(of: x) {
  ///   ($0 + 0.5).floor()
  /// } gradient: { x, y, upstream in
  ///   upstream
  /// }
  ///
  /// // Gradient reversal (Ganin & Lempitsky 2015): the identity, with the opposite gradient.
  /// let reversed = Tensor.customGradient(of: x) {
  ///   $0
  /// } gradient: { x, y, upstream in
  ///   -upstream
  /// }
  ///
  /// // Gradient clipping at one place of a network.
  /// let clipped = Tensor.customGradient(of: x) {
  ///   $0
  /// } gradient: { x, y, upstream in
  ///   upstream.clamped(to: -1...1)
  /// }
  /// ```
  public static func customGradient(
    of input: Tensor, _ function: (Tensor) -> Tensor,
    gradient: @escaping @Sendable (_ input: Tensor, _ result: Tensor, _ upstream: Tensor) -> Tensor,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    customGradient(
      of: [input], { function($0[0]) }, gradient: { [gradient($0[0], $1, $2)] }, file: file, line: line)
  }
}
