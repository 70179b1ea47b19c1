import CKernels

/// Makes numbers of the pixels of images: from 0 to 1, then scaled and moved, channel by channel.
package struct PixelConverter: Sendable {
  private let imageShape: Shape
  private let greatestPixel: Float
  private let scales: [Float]
  private let offsets: [Float]

  /// `imageShape` is channels, height and width; scales and offsets are one a channel.
  package init(imageShape: Shape, greatestPixel: UInt8, scales: [Float], offsets: [Float]) {
    precondition(imageShape.rank == 3 && scales.count == imageShape[0] && offsets.count == imageShape[0])
    self.imageShape = imageShape
    self.greatestPixel = Float(greatestPixel)
    self.scales = scales
    self.offsets = offsets
  }

  /// The images with these numbers of `pixels`, in which images lie one after the other: `[images, channels, height, width]`.
  package func tensor(of numbers: ArraySlice<Int32>, in pixels: [UInt8]) -> Tensor {
    let type = TensorType(Shape([numbers.count] + imageShape.dimensions))
    let storage = Storage(byteCount: type.shape.elementCount * 4)
    convert(numbers, in: pixels, to: storage.pointer.assumingMemoryBound(to: Float.self))
    return Tensor(Node(.data(type), inputs: [], types: [type], leaf: .storage(storage)))
  }

  /// The same numbers, image after image.
  package func values(of numbers: ArraySlice<Int32>, in pixels: [UInt8]) -> [Float] {
    let count = numbers.count * imageShape.elementCount
    return Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      if let start = buffer.baseAddress { convert(numbers, in: pixels, to: start) }
      initialized = count
    }
  }

  private func convert(_ numbers: ArraySlice<Int32>, in pixels: [UInt8], to target: UnsafeMutablePointer<Float>) {
    let there = pixels.count / max(imageShape.elementCount, 1)
    precondition(numbers.allSatisfy { $0 >= 0 && $0 < there }, "there are \(there) images")
    let count = numbers.count
    numbers.withUnsafeBufferPointer { numbers in
      backprop_convert_images(
        Int64(there == 0 ? 0 : count), Int64(imageShape[0]), Int64(imageShape[1] * imageShape[2]), numbers.baseAddress,
        pixels,
        greatestPixel, scales, offsets, target)
    }
  }
}
