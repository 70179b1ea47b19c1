import CKernels

/// Images that are asked for later. Until then, threads that have nothing to do while a plan runs make some of them.
///
/// Which thread makes an image, and when, does not change its numbers.
package final class PendingImages: @unchecked Sendable {
  private let numbers: ArraySlice<Int32>
  private let pixels: [UInt8]
  private let converter: PixelConverter
  private let type: TensorType
  /// Made when the first of them is, so that a batch that is not begun takes no memory.
  private var storage: Storage?
  /// How many are made: the first ones. Touched under the runtime's lock, or while nobody else knows the object.
  private var made: Int64 = 0

  /// As many numbers are made before threads that are asked to help would have begun.
  private static let fewNumbers = 40_000

  /// What was wrong with the numbers.
  private let failure: TensorError?

  /// The images with these numbers of `pixels`, in which images lie one after the other. A number that is no image's gives
  /// a failed tensor.
  package init(_ numbers: ArraySlice<Int32>, of pixels: [UInt8], by converter: PixelConverter) {
    failure = converter.failure(of: numbers, in: pixels)
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

  /// Lets the plans that run from now on make them, as long as somebody holds this object and no other ones come.
  package func makeOverlappedPlans() {
    guard Threads.count > 1, type.shape.elementCount >= Self.fewNumbers else { return }
    Executor.shared.withLock { $0.pending = self }
  }

  /// Makes those that are missing: `[images, channels, height, width]`.
  package func finished() -> Tensor { Executor.shared.withLock { _ in tensor() } }

  /// The same, where no plan knows of them.
  func tensor() -> Tensor {
    do throws(TensorError) {
      if let failure { throw failure }
      return try made(in: target())
    } catch {
      return .failed(error)
    }
  }

  private func made(in target: (Storage, UnsafeMutablePointer<Float>)) -> Tensor {
    let (storage, start) = target
    converter.convert(
      numbers.dropFirst(Int(made)), in: pixels, to: start + Int(made) * converter.imageShape.elementCount)
    made = Int64(numbers.count)
    return Tensor(Node(.data(type), inputs: [], types: [type], leaf: .storage(storage)))
  }

  /// Whether some are missing. The runtime's lock is held, as by the next.
  var isUnfinished: Bool { made < numbers.count }

  /// Does `work` on this thread while others make images.
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
