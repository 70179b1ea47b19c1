/// The memory of one run of a plan: what is computed on the way, and the addresses of its buffers.
final class Workspace: @unchecked Sendable {
  private(set) var arena = Storage()
  private(set) var scratch = Storage()
  /// The address of each buffer, then those of the quantized matrices.
  private(set) var buffers = Workspace.addresses(64)
  private var capacity = 64
  /// The addresses of one step's operands.
  var operands: UnsafeMutablePointer<UnsafeMutableRawPointer?> { buffers + capacity }

  deinit { buffers.deallocate() }

  /// Makes room for a plan. While much memory is prefaulted, oneDNN generates its code for products.
  func grow(for loaded: Executable) throws(TensorError) {
    let isMuch = loaded.plan.arenaBytes - arena.byteCount >= 32 << 20
    let products = isMuch && loaded.loader.hasLibraryProducts ? ProductCode() : nil
    try Self.grow(&arena, to: loaded.plan.arenaBytes, for: "the memory for what is computed on the way")
    try Self.grow(&scratch, to: loaded.loader.scratchBytes, for: "the workspace of a convolution")
    withExtendedLifetime(products) {}
    guard capacity < loaded.addressCount else { return }
    buffers.deallocate()
    capacity = loaded.addressCount
    buffers = Self.addresses(capacity)
  }

  private static func addresses(_ capacity: Int) -> UnsafeMutablePointer<UnsafeMutableRawPointer?> {
    let memory = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 2 * capacity)
    memory.initialize(repeating: nil, count: 2 * capacity)
    return memory
  }

  /// Larger memory without the contents. The old is freed first, or both would be allocated for a moment.
  private static func grow(_ memory: inout Storage, to byteCount: Int, for purpose: String) throws(TensorError) {
    guard memory.byteCount < byteCount else { return }
    memory = Storage()
    memory = try Storage(byteCount: byteCount, for: purpose)
    memory.prefault()
  }
}
