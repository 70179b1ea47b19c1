import CKernels

/// What plans are compiled for: the machine's units, the libraries and the threads. Part of a plan's key.
struct Target: Hashable, Sendable {
  var hasOneDNN: Bool
  var hasAMX: Bool
  /// Whether our 3×3 convolutions are fast: with AVX-512.
  var hasWinograd: Bool
  var threads: Int

  static var current: Target {
    Target(
      hasOneDNN: Engine.hasOneDNN, hasAMX: Engine.hasAMX, hasWinograd: backprop_winograd_is_fast() != 0,
      threads: Threads.count)
  }
}
