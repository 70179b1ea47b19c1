/// What the compiler makes: steps in order over numbered buffers, and the location of each buffer.
struct Plan {
  enum Place: Hashable {
    /// Bytes from the arena's start.
    case arena(offset: Int)
    /// A source of the request: data, or a variable's values.
    case source(Int)
    /// Memory allocated for a requested output.
    case output(Int)
    /// The numbers in `constants`.
    case constants
  }

  var steps: [Step]
  var places: [Place]
  /// Bytes of each buffer.
  var sizes: [Int]
  var constants: [UInt8]
  var arenaBytes: Int
  /// Bytes of each output.
  var outputSizes: [Int]
}

/// A buffer and an offset in bytes.
struct Address: Hashable {
  var buffer: Int
  var offset: Int = 0
}

/// A kernel, and where its operands and results are.
struct Step {
  var kernel: any Kernel
  /// In the order of the kernel; absent ones are `nil`.
  var inputs: [Address?]
  /// Results, then workspace.
  var outputs: [Address]

  /// The buffers it reads, then those it writes.
  var buffers: (reads: [Int], writes: [Int]) {
    (inputs.compactMap { $0?.buffer }, outputs.map(\.buffer))
  }

  /// Whether a result may share memory with those operands that are in it already.
  func mayOverwrite(_ output: Int, inMemory isShared: (Int) -> Bool) -> Bool {
    inputs.enumerated().allSatisfy { index, input in
      guard let input, isShared(input.buffer) else { return true }
      return input.offset == outputs[output].offset && kernel.readsInPlace(index, for: output)
    }
  }
}
