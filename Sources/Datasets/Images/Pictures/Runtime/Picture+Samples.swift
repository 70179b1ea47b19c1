import CImages

extension Picture {
  /// The samples channel after channel, as networks take them: [channels, height, width].
  public var planes: [UInt8] {
    guard channels > 1 else { return pixels }
    return [UInt8](unsafeUninitializedCapacity: pixels.count) { result, initialized in
      backprop_image_planes(pixels, Int64(height * width), Int64(channels), result.baseAddress)
      initialized = pixels.count
    }
  }

  /// The picture in another size, by the weights of each axis.
  func resampled(rows: ResizeWeights, columns: ResizeWeights, height newHeight: Int, width newWidth: Int) -> Picture {
    let count = newHeight * newWidth * channels
    var workspace = [Float](repeating: 0, count: width * channels + 1)
    let result = [UInt8](unsafeUninitializedCapacity: count) { result, initialized in
      rows.withAxis(input: height, output: newHeight) { rows in
        columns.withAxis(input: width, output: newWidth) { columns in
          backprop_image_resize(pixels, rows, columns, Int64(channels), &workspace, result.baseAddress)
        }
      }
      initialized = count
    }
    return Picture(unchecked: result, height: newHeight, width: newWidth, channels: channels)
  }
}

extension ResizeWeights {
  fileprivate func withAxis(input: Int, output: Int, _ body: (UnsafePointer<backprop_image_axis>) -> Void) {
    firsts.withUnsafeBufferPointer { firsts in
      weights.withUnsafeBufferPointer { weights in
        var axis = backprop_image_axis(
          input: Int64(input), output: Int64(output), taps: Int64(taps), firsts: firsts.baseAddress,
          weights: weights.baseAddress)
        body(&axis)
      }
    }
  }
}
