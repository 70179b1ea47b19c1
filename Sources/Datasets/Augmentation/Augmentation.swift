/// How the images of a training are varied at random, so that a network does not learn them by heart.
///
/// Labels stay what they are, so a variation must not make one class another: `horizontalFlip` makes a mirrored digit.
/// An image is moved, turned and scaled in one step, so it is interpolated (bilinear) at most once; a flip and a shift by
/// whole pixels move it without interpolation. What comes in from outside is black.
///
/// Source: Shorten & Khoshgoftaar, "A survey on Image Data Augmentation for Deep Learning", Journal of Big Data 6, 2019.
public struct Augmentation: Hashable, Sendable, Codable {
  /// The probability of mirroring left and right, 0 to 1.
  public var horizontalFlip = 0.0
  /// The greatest shift along each axis in whole pixels, as a share of the axis: 0 to 1.
  public var shift = 0.0
  /// The greatest rotation to either side in degrees, 0 to 180.
  public var rotation = 0.0
  /// The greatest change of size: from 1 − `scale` to 1 + `scale` times, 0 to below 1.
  public var scale = 0.0
  /// The least share of the area of a part that is cut out at random and enlarged to the whole, above 0 to 1; 0 for none.
  /// Its shape is from 3:4 to 4:3 times the image's.
  ///
  /// Source: Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, section 6.
  public var crop = 0.0
  /// The probability of replacing a rectangle of 2 to 20 % of the area by gray noise, 0 to 1.
  ///
  /// Source: Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.
  public var erasing = 0.0
  /// The greatest change of brightness, contrast and, in colors, of saturation: factors from 1 − `color` to 1 + `color`,
  /// 0 to 1.
  public var color = 0.0
  /// How many operations are chosen at random for each image: rotation, shear, shift, scale, brightness, contrast,
  /// saturation, posterize, solarize and equalized histograms, each with a strength that is drawn. 0 to 10.
  ///
  /// Source: Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", NeurIPS
  /// 2020; with a uniform strength as in Müller & Hutter, "TrivialAugment", ICCV 2021.
  public var randomOperations = 0
  /// The parameter α of the Beta distribution of how two images and their labels are mixed; 0 for none.
  ///
  /// Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", ICLR 2018.
  public var mixup = 0.0
  /// The parameter α of the Beta distribution of how much of an image a rectangle of another one takes; 0 for none.
  /// Where `mixup` is set too, each batch has one of the two.
  ///
  /// Source: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", ICCV
  /// 2019.
  public var cutmix = 0.0

  /// An augmentation that changes nothing.
  public init() {}

  /// The augmentations that have names.
  public enum Strength: String, Hashable, Sendable, Codable, CaseIterable {
    /// None.
    case none
    /// Flip, a shift of an eighth, erasing of a quarter of the images.
    case light
    /// As light, with crops of at least half of the area, two random operations and mixup or cutmix.
    case strong
  }

  /// The augmentation of a strength. Without flips where `allowsFlips` is false: for digits and letters.
  public init(_ strength: Strength, allowsFlips: Bool = true) {
    guard strength != .none else { return }
    horizontalFlip = allowsFlips ? 0.5 : 0
    (shift, erasing) = (0.125, 0.25)
    if strength == .strong { (crop, randomOperations, mixup, cutmix) = (0.5, 2, 0.2, 1) }
  }

  /// Whether it changes nothing.
  public var isNone: Bool { self == Augmentation() }

  /// Whether images are mixed with each other.
  var mixes: Bool { mixup > 0 || cutmix > 0 }

  /// Throws a `DataError` where a number is out of range.
  public func check() throws(DataError) {
    for (name, value, upper) in [
      ("horizontalFlip", horizontalFlip, 1), ("shift", shift, 1), ("rotation", rotation, 180), ("scale", scale, 0.99),
      ("crop", crop, 1), ("erasing", erasing, 1), ("color", color, 1),
      ("randomOperations", Double(randomOperations), 10),
      ("mixup", mixup, 100), ("cutmix", cutmix, 100),
    ] where !(0...upper).contains(value) {
      throw DataError("the augmentation's \(name) should be from 0 to \(upper), not \(value)")
    }
  }
}
