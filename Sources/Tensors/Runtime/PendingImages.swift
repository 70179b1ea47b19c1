import CKernels
import Synchronization

/// Images that are needed later. Until then, threads that are idle while a plan runs convert some of them.
///
/// Which thread converts an image, and when, does not change its values.
package final class PendingImages: @unchecked Sendable {
  private let numbers: ArraySlice<Int32>
  private let pixels: [UInt8]
  private let converter: PixelConverter
  private let type: TensorType
  /// Allocated with the first image, so that a batch that is not begun takes no memory.
  private var storage: Storage?
  /// How many are converted: the first ones.
  private var made: Int64 = 0
  /// Held by whoever converts some.
  private let turn = Mutex(())
  /// With fewer floats, the conversion is done before other threads would have begun.
  private static let fewNumbers = 40_000
  /// What was wrong with the indices.
  private let failure: TensorError?

  /// The images with these indices of `pixels`, which holds one image after the other. An index out of range, or an
  /// `error`, gives a failed tensor.
  package init(
    _ numbers: ArraySlice<Int32>, of pixels: [UInt8], by converter: PixelConverter, failing error: TensorError? = nil
  ) {
    failure = error ?? converter.failure(of: numbers, in: pixels)
    let numbers = failure == nil ? numbers : []
    self.numbers = numbers
    self.pixels = pixels
    self.converter = converter
    type = TensorType(Shape([numbers.count] + converter.imageShape.dimensions))
  }

  private func target() throws(TensorError) -> (Storage, UnsafeMutablePointer<Float>) {
    let target =
      if let storage { storage } else {
        try Storage(byteCount: type.shape.elementCount * 4, for: "a batch of images \(type)")
      }
    storage = target
    return (target, target.pointer.assumingMemoryBound(to: Float.self))
  }

  /// Has them converted during the next plans, until this object is released or other images replace it.
  package func makeOverlappedPlans() {
    guard Threads.count > 1, type.shape.elementCount >= Self.fewNumbers else { return }
    Executor.shared.withLock { $0.pending = self }
  }

  /// Converts those that are missing: `[images, channels, height, width]`.
  package func finished() -> Tensor {
    turn.withLock { _ in
      Tensor.checked { () throws(TensorError) in
        if let failure { throw failure }
        let (storage, start) = try target()
        converter.convert(
          numbers.dropFirst(Int(made)), in: pixels, to: start + Int(made) * converter.imageShape.elementCount)
        made = Int64(numbers.count)
        return Tensor(storage, type)
      }
    }
  }

  /// Calls `body`, which may convert some, unless another thread does; then it returns `nil`.
  func whereFree(_ body: () throws(TensorError) -> Void) throws(TensorError) -> Void? {
    try turn.withLockIfAvailable { _ throws(TensorError) in try body() }
  }

  /// Whether some are missing. Within `whereFree`, as the next.
  var isUnfinished: Bool { made < numbers.count }

  /// Does `work` on this thread while others convert images.
  func make(beside work: () throws(TensorError) -> Void) throws(TensorError) {
    let start = try target().1
    var failure: TensorError?
    withoutActuallyEscaping(work) { work in
      // C gets a pointer to it, for as long as the call takes.
      var call = {
        do throws(TensorError) { try work() } catch { failure = error }
      }
      withUnsafeMutablePointer(to: &call) { call in
        numbers.withUnsafeBufferPointer { numbers in
          backprop_gather_images_overlapped(
            Int64(numbers.count), Int64(converter.imageShape[0]),
            Int64(converter.imageShape[1] * converter.imageShape[2]), numbers.baseAddress, pixels,
            converter.greatestPixel, converter.scales, converter.offsets, start, &made,
            { $0?.assumingMemoryBound(to: (() -> Void).self).pointee() }, call)
        }
      }
    }
    if let failure { throw failure }
  }
}
