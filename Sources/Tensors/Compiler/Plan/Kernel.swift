/// What a step of a plan runs: a fused elementwise kernel, a matrix product, or the kernel of one operation.
///
/// A kernel holds sizes and layouts; addresses are the step's. Loading a plan makes of it a `LoadedKernel`.
protocol Kernel: Sendable {
  /// The operation and its sizes, for reports.
  var title: String { get }
  /// The least work, counted from the sizes.
  var cost: Cost { get }
  var threading: Threading { get }

  /// Whether each element is computed by its position alone, so that a thread's part of an operand is what its part of
  /// the result needs.
  var isElementwise: Bool { get }
  /// The layout of a result that may also be written with another layout; `nil` where there is no choice.
  func layout(ofOutput output: Int) -> Layout?
  /// The kernel that writes a result with this layout instead; `nil` where it cannot.
  func writing(_ output: Int, as view: View) -> (any Kernel)?
  /// Whether a result may share memory with an operand at the same address: each block of the operand is read before
  /// the block of the result is written.
  func readsInPlace(_ input: Int, for output: Int) -> Bool

  func load(_ step: Step, into loader: inout KernelLoader) throws(TensorError) -> any LoadedKernel
}

extension Kernel {
  var threading: Threading { .own }
  var isElementwise: Bool { false }
  func layout(ofOutput output: Int) -> Layout? { nil }
  func writing(_ output: Int, as view: View) -> (any Kernel)? { nil }
  func readsInPlace(_ input: Int, for output: Int) -> Bool { false }
}

/// A kernel that is nothing but numbers, and so is loaded as it is.
typealias PlainKernel = Kernel & LoadedKernel

extension Kernel where Self: LoadedKernel {
  func load(_ step: Step, into loader: inout KernelLoader) -> any LoadedKernel { self }
}

/// The threads that a kernel takes.
enum Threading {
  /// One, judged by its sizes.
  case one
  /// Those of our pool, or one.
  case own
  /// Those of a library.
  case library

  /// Of a kernel of our own that forks where there is enough to do.
  static func bySize(_ cost: Cost) -> Threading { cost.bytes <= 128 << 10 && cost.flops <= 64 << 10 ? .one : .own }
}

/// The least work of a step: arithmetic operations on elements, and bytes in operands and results, each once. A
/// transcendental function counts as one operation, a multiply-add as two; weights that a loop over time reads again
/// count once.
struct Cost: Hashable, Sendable {
  var flops: Int
  var bytes: Int

  /// With elements of four bytes.
  init(flops: Int = 0, elements: Int) { self.init(flops: flops, bytes: 4 * elements) }
  init(flops: Int = 0, bytes: Int) { (self.flops, self.bytes) = (flops, bytes) }
}

/// A step with its cost, for reports.
struct StepDescription: Hashable, Sendable {
  var title: String
  var cost: Cost

  init(_ step: Step) { (title, cost) = (step.kernel.title, step.kernel.cost) }

  /// The same product with an int8-quantized matrix.
  var quantized: StepDescription {
    var copy = self
    copy.title += ", quantized"
    copy.cost.bytes -= 3 * (cost.flops / 2)
    return copy
  }
}
