/// A kernel as an executable holds it: numbers and pointers, side by side with the others and without references.
///
/// After large products have evicted the caches, a step's data is in memory, and each object that is retained on the
/// way costs a cache miss: a third of a token's time outside its products.
protocol LoadedKernel: BitwiseCopyable {
  /// Whether it takes addresses of operands; otherwise those of all buffers are enough.
  static var takesOperands: Bool { get }
  func run(_ operands: KernelOperands) throws(TensorError)
  /// Runs the kernel that is stored at an address.
  static func run(at address: UnsafeRawPointer, _ operands: KernelOperands) throws(TensorError)
}

extension LoadedKernel {
  static var takesOperands: Bool { true }

  static func run(at address: UnsafeRawPointer, _ operands: KernelOperands) throws(TensorError) {
    try address.assumingMemoryBound(to: Self.self).pointee.run(operands)
  }

  static var size: Int { MemoryLayout<Self>.size }
  func store(at address: UnsafeMutableRawPointer) { address.initializeMemory(as: Self.self, to: self) }
}

/// The addresses that a kernel gets: operands, results and workspace in the order of its step.
struct KernelOperands {
  let start: UnsafePointer<UnsafeMutableRawPointer?>
  let count: Int
  /// The addresses of all buffers of the plan.
  let buffers: UnsafePointer<UnsafeMutableRawPointer?>
  /// Workspace of the size that was asked for when the kernel was loaded, shared by all.
  let scratch: UnsafeMutableRawPointer

  /// `nil` for an operand that is absent.
  subscript(index: Int) -> UnsafeMutablePointer<Float>? { start[index]?.assumingMemoryBound(to: Float.self) }
  func ints(_ index: Int) -> UnsafeMutablePointer<Int32>? { start[index]?.assumingMemoryBound(to: Int32.self) }
}

/// What is made while a plan is loaded, and lives as long as its executable.
struct KernelLoader {
  let target: Target
  /// Buffers that all threads read.
  let sharedBuffers: Set<Int>
  /// Bytes of workspace, for the kernel that needs most.
  var scratchBytes = 0
  /// Whether oneDNN makes matrix products.
  var hasLibraryProducts = false
  /// What equal kernels share.
  var shared: [AnyHashable: AnyObject] = [:]
  var fusedKernels: [FusedKernel] = []
  /// What kernels point to.
  let tables = KernelTables()

  init(target: Target, sharedBuffers: Set<Int>) { (self.target, self.sharedBuffers) = (target, sharedBuffers) }
}

/// Memory with values that loaded kernels point to, for as long as this object lives.
final class KernelTables {
  private var tables: [UnsafeMutableRawPointer] = []

  func copy<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafePointer<Element> {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(values.count, 1))
    memory.initialize(from: values, count: values.count)
    tables.append(memory)
    return UnsafePointer(memory)
  }

  deinit { for table in tables { table.deallocate() } }
}
