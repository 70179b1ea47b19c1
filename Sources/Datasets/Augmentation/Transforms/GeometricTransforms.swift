import Tensors

/// What stands around an image that is padded.
public enum ImagePaddingMode: Hashable, Sendable {
  /// The same value everywhere.
  case constant(Float)
  /// The pixel at the border, repeated.
  case edge
  /// The image mirrored, without the pixel at the border.
  case reflect
  /// The image mirrored, with the pixel at the border.
  case symmetric
}

extension ImageTransform {
  /// Mirrored left and right.
  public static let horizontalFlip = ImageTransform { image, _ in
    image.rearrange(height: image.height, width: image.width) { [width = image.width] in ($0, width - 1 - $1) }
  }

  /// Mirrored top and bottom.
  public static let verticalFlip = ImageTransform { image, _ in
    image.rearrange(height: image.height, width: image.width) { [height = image.height] in (height - 1 - $0, $1) }
  }

  /// With so many more pixels at each side.
  public static func padding(_ count: Int, by mode: ImagePaddingMode = .constant(0)) -> ImageTransform {
    padding(top: count, left: count, bottom: count, right: count, by: mode)
  }

  /// With so many more pixels at the sides. What is mirrored must be less than the image.
  public static func padding(
    top: Int, left: Int, bottom: Int, right: Int, by mode: ImagePaddingMode = .constant(0)
  ) -> ImageTransform {
    ImageTransform { image, _ throws(DataError) in
      let (height, width) = (image.height, image.width)
      func fits(_ counts: [Int], _ length: Int) -> Bool {
        let limit =
          switch mode {
          case .constant: 1 << 15
          case .edge: length > 0 ? 1 << 15 : 0
          case .reflect: length - 1
          case .symmetric: length
          }
        return counts.allSatisfy { $0 == 0 || 0...max(limit, 0) ~= $0 }
      }
      try check(
        fits([top, bottom], height) && fits([left, right], width),
        "an image of \(height) × \(width) cannot be padded by \(top), \(left), \(bottom) and \(right), \(mode)")
      func source(_ place: Int, _ length: Int) -> Int? {
        if 0..<length ~= place { return place }
        return switch mode {
        case .constant: nil
        case .edge: min(max(place, 0), length - 1)
        case .reflect: place < 0 ? -place : 2 * (length - 1) - place
        case .symmetric: place < 0 ? -place - 1 : 2 * length - 1 - place
        }
      }
      let fill: Float = if case .constant(let value) = mode { value } else { 0 }
      image.rearrange(height: height + top + bottom, width: width + left + right, filling: fill) { row, column in
        guard let row = source(row - top, height), let column = source(column - left, width) else { return nil }
        return (row, column)
      }
    }
  }

  /// A part of this size at a random place.
  public static func randomCrop(height: Int, width: Int) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      try check(
        1...max(image.height, 1) ~= height && 1...max(image.width, 1) ~= width && image.planeSize > 0,
        "there is no part of \(height) × \(width) in an image of \(image.height) × \(image.width)")
      let top = generator.below(image.height - height + 1)
      let left = generator.below(image.width - width + 1)
      image.rearrange(height: height, width: width) { ($0 + top, $1 + left) }
    }
  }

  /// As seen from a random place: each corner moves towards the middle, by up to half of `distortion`, 0 to 1, of the side.
  /// Interpolated (bilinear); what comes in from outside is black.
  public static func perspective(distortion: Double = 0.5) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      try check(0...1 ~= distortion, "the distortion should be from 0 to 1, not \(distortion)")
      guard image.height > 1, image.width > 1 else { return }
      let reach = SIMD2(Int(distortion * Double(image.width / 2)), Int(distortion * Double(image.height / 2)))
      let last = SIMD2(image.width - 1, image.height - 1)
      let corners = [SIMD2(0, 0), SIMD2(last.x, 0), last, SIMD2(0, last.y)]
      let moved = corners.map { corner in
        let inward = SIMD2(generator.below(reach.x + 1), generator.below(reach.y + 1))
        return SIMD2(corner.x == 0 ? inward.x : last.x - inward.x, corner.y == 0 ? inward.y : last.y - inward.y)
      }
      image.view(corners: corners.map { SIMD2<Double>($0) }, movedTo: moved.map { SIMD2<Double>($0) })
    }
  }

  /// As drawn on rubber: each pixel comes from up to `alpha` / 2 pixels away along each axis, smoothly: random moves are blurred
  /// by a Gaussian of `sigma` pixels. Interpolated (bilinear); what comes in from outside is black.
  ///
  /// Source: Simard, Steinkraus & Platt, "Best Practices for Convolutional Neural Networks Applied to Visual Document
  /// Analysis", ICDAR 2003.
  public static func elastic(alpha: Double = 50, sigma: Double = 5) -> ImageTransform {
    ImageTransform { image, generator throws(DataError) in
      let size = Int(exactly: (8 * sigma + 1).rounded(.down)).map { $0 % 2 == 0 ? $0 + 1 : $0 } ?? 0
      try check(
        alpha >= 0 && alpha.isFinite && sigma >= 0 && size > 0 && size / 2 < max(min(image.height, image.width), 1),
        "alpha should be at least 0, and four times sigma less than each side of \(image.height) × \(image.width), not "
          + "\(alpha) and \(sigma)")
      var moves = PixelPlanes(
        channels: 2, height: image.height, width: image.width,
        values: (0..<2 * image.planeSize).map { _ in generator.symmetric(1) })
      if sigma > 0 { moves.blur(size: size, sigma: sigma) }
      for index in moves.values.indices { moves.values[index] *= Float(alpha / 2) }
      image.displace(by: moves)
    }
  }
}

/// Parts of this size at the four corners (top left, top right, bottom left, bottom right) and in the middle of images
/// [batch, channels, height, width]: five tensors of the same form, whose predictions can be averaged.
///
/// Throws a `DataError` where the images are smaller or have another shape.
///
/// Source: Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012,
/// section 4.1.
public func fiveCrops(of images: Tensor, height: Int, width: Int) throws -> [Tensor] {
  if let failure = images.failure { throw failure }
  let shape = images.shape
  guard shape.rank == 4, 1...max(shape[2], 1) ~= height, 1...max(shape[3], 1) ~= width, shape[2] > 0, shape[3] > 0
  else {
    throw DataError("there are no parts of \(height) × \(width) in images \(shape) [batch, channels, height, width]")
  }
  let (bottom, right) = (shape[2] - height, shape[3] - width)
  func middle(_ room: Int) -> Int { Int((Double(room) / 2).rounded(.toNearestOrEven)) }
  return [(0, 0), (0, right), (bottom, 0), (bottom, right), (middle(bottom), middle(right))].map { top, left in
    images.sliced(starts: [0, 0, top, left], shape: [shape[0], shape[1], height, width])
  }
}

/// The five parts of the images, then those of the mirrored ones: left and right, or top and bottom where `isVertical`.
public func tenCrops(of images: Tensor, height: Int, width: Int, isVertical: Bool = false) throws -> [Tensor] {
  let parts = try fiveCrops(of: images, height: height, width: width)
  return parts + (try fiveCrops(of: images.reversed(axes: [isVertical ? 2 : 3]), height: height, width: width))
}
