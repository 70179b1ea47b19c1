#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Augmentation {
  /// Varies `image` as the next numbers of `generator` determine.
  func vary(_ image: inout PixelPlanes, using generator: inout SeededGenerator) {
    if isNone { return }
    var placement = PixelPlanes.Placement()
    if generator.chance(horizontalFlip) { placement.a = -1 }
    placement.then(shifted(by: shift, of: image, using: &generator))
    if rotation > 0 { placement.then(.rotated(degrees: generator.symmetric(rotation))) }
    if scale > 0 { placement.then(.scaled(1 + generator.symmetric(scale))) }
    if crop > 0 { placement.then(cropped(image, using: &generator)) }
    for _ in 0..<randomOperations { apply(Operation.allCases, to: &image, &placement, using: &generator) }
    if placement != PixelPlanes.Placement() { image.move(by: placement) }
    if color > 0 {
      image.scaleBrightness(1 + generator.symmetric(color))
      image.scaleContrast(1 + generator.symmetric(color))
      if image.channels == 3 { image.scaleSaturation(1 + generator.symmetric(color)) }
    }
    if generator.chance(erasing) { erase(&image, using: &generator) }
  }

  private func shifted(
    by share: Double, of image: PixelPlanes, using generator: inout SeededGenerator
  ) -> PixelPlanes.Placement {
    var placement = PixelPlanes.Placement()
    guard share > 0 else { return placement }
    placement.x = (generator.symmetric(share) * Float(image.width)).rounded()
    placement.y = (generator.symmetric(share) * Float(image.height)).rounded()
    return placement
  }

  private func cropped(_ image: PixelPlanes, using generator: inout SeededGenerator) -> PixelPlanes.Placement {
    let area = crop + (1 - crop) * generator.unit()
    let ratio = exp((2 * generator.unit() - 1) * log(4.0 / 3))
    let (width, height) = (Float(min((area * ratio).squareRoot(), 1)), Float(min((area / ratio).squareRoot(), 1)))
    // The middle of the part, from that of the image: in pixels of the enlarged image.
    return PixelPlanes.Placement(
      a: width, d: height, x: generator.symmetric(1) * (1 / width - 1) * Float(image.width - 1) / 2,
      y: generator.symmetric(1) * (1 / height - 1) * Float(image.height - 1) / 2)
  }

  private enum Operation: CaseIterable {
    case identity, rotation, shear, shift, scale, brightness, contrast, saturation, posterize, solarize, equalize
  }

  /// One operation. Moves are collected, so that they are done in one step.
  private func apply(
    _ operations: [Operation], to image: inout PixelPlanes, _ placement: inout PixelPlanes.Placement,
    using generator: inout SeededGenerator
  ) {
    switch operations[generator.below(operations.count)] {
    case .identity: break
    case .rotation: placement.then(.rotated(degrees: generator.symmetric(30)))
    case .shear:
      var shear = PixelPlanes.Placement()
      if generator.chance(0.5) { shear.b = generator.symmetric(0.3) } else { shear.c = generator.symmetric(0.3) }
      placement.then(shear)
    case .shift: placement.then(shifted(by: 0.2, of: image, using: &generator))
    case .scale: placement.then(.scaled(1 + generator.symmetric(0.3)))
    case .brightness: image.scaleBrightness(1 + generator.symmetric(0.6))
    case .contrast: image.scaleContrast(1 + generator.symmetric(0.6))
    case .saturation: image.scaleSaturation(1 + generator.symmetric(0.8))
    case .posterize: image.posterize(bits: 3 + generator.below(5))
    case .solarize: image.solarize(above: 0.5 + 0.5 * Float(generator.unit()))
    case .equalize: image.equalize()
    }
  }

  private func erase(_ image: inout PixelPlanes, using generator: inout SeededGenerator) {
    let area = 0.02 + 0.18 * generator.unit()
    // From 3:10 to 10:3, as likely tall as wide.
    let ratio = exp((2 * generator.unit() - 1) * log(10.0 / 3))
    let height = min(max(Int((Double(image.planeSize) * area * ratio).squareRoot()), 1), image.height)
    let width = min(max(Int((Double(image.planeSize) * area / ratio).squareRoot()), 1), image.width)
    let (top, left) = (generator.below(image.height - height + 1), generator.below(image.width - width + 1))
    for row in top..<top + height {
      for column in left..<left + width {
        let noise = Float(generator.unit())
        for channel in 0..<image.channels {
          image.values[channel * image.planeSize + row * image.width + column] = noise
        }
      }
    }
  }
}

extension PixelPlanes.Placement {
  static func rotated(degrees: Float) -> Self {
    let angle = degrees * .pi / 180
    return Self(a: cos(angle), b: sin(angle), c: -sin(angle), d: cos(angle))
  }

  /// Larger for factors above 1. The factor is not 0.
  static func scaled(_ factor: Float) -> Self { Self(a: 1 / factor, d: 1 / factor) }
}

extension SeededGenerator {
  /// From 0 to below 1.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// From −`limit` to below `limit`.
  mutating func symmetric(_ limit: Double) -> Float { Float((2 * unit() - 1) * limit) }

  /// True with this probability; draws nothing where it is 0.
  mutating func chance(_ probability: Double) -> Bool { probability > 0 && unit() < probability }

  /// From 0 to below `count`, which is at least 1.
  mutating func below(_ count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

  /// A number of the Beta distribution with both parameters `alpha`, above 0: a share of two Gamma variables.
  mutating func beta(_ alpha: Double) -> Double {
    let (x, y) = (gamma(alpha), gamma(alpha))
    return x + y > 0 ? x / (x + y) : unit() < 0.5 ? 0 : 1
  }

  /// A number of the Gamma distribution with this shape, above 0, and scale 1.
  ///
  /// Source: Marsaglia & Tsang, "A Simple Method for Generating Gamma Variables", ACM Transactions on Mathematical
  /// Software 26, 2000; shapes below 1 as in its section 6.
  private mutating func gamma(_ shape: Double) -> Double {
    guard shape >= 1 else { return gamma(shape + 1) * pow(1 - unit(), 1 / shape) }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      // A normal variable by the method of Box and Muller.
      let x = (-2 * log(1 - unit())).squareRoot() * cos(2 * .pi * unit())
      let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
      guard v > 0 else { continue }
      if log(1 - unit()) < x * x / 2 + d - d * v + d * log(v) { return d * v }
    }
  }
}
