import CImages

extension Picture {
  /// The picture in another size, by the weights of each axis.
  func resampled(rows: ResizeWeights, columns: ResizeWeights, height newHeight: Int, width newWidth: Int) -> Picture {
    let count = newHeight * newWidth * channels
    var workspace = [Float](repeating: 0, count: width * channels)
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
