extension ImageDataset {
  /// The same data with `fraction` of each class of the training images, from 0 to below 1, set aside for validation;
  /// `seed` determines which. Images that were for validation before are added to the training images.
  ///
  /// Throws a `DataError` where the fraction is out of range or leaves no image in one of the two.
  public func splittingValidation(fraction: Double, seed: UInt64) throws(DataError) -> ImageDataset {
    let all = try validation.map { other throws(DataError) in try self.train.appending(other) } ?? self.train
    let (train, validation) = try all.split(validationFraction: fraction, seed: seed)
    guard train.count > 0, validation.count > 0 else {
      throw DataError(
        "\(name) has \(all.count) images to train on; a share of \(fraction) for validation leaves "
          + "\(train.count) and \(validation.count), and there should be some of both")
    }
    return replacing(train: train, validation: validation)
  }

  /// The same data without the images for validation.
  package var withoutValidation: ImageDataset { replacing(train: train, validation: nil) }

  /// The same data with all images of `other` for validation, whose classes must be these in the same order.
  ///
  /// Throws a `DataError` where classes or the shape of images differ, or there are none.
  public func validated(by other: ImageDataset) throws(DataError) -> ImageDataset {
    guard other.imageShape == imageShape else {
      throw DataError("\(other.name) should have images of \(imageShape) as \(name) has, not \(other.imageShape)")
    }
    guard other.classNames == classNames || !(other.hasClassNames && hasClassNames) else {
      throw DataError(
        "\(other.name) should have the classes of \(name), \(classNames.joined(separator: ", ")), not "
          + other.classNames.joined(separator: ", "))
    }
    var images = other.train
    for part in [other.validation, other.test].compactMap({ $0 }) { images = try images.appending(part) }
    guard images.count > 0 else { throw DataError("\(other.name) has no images to validate on") }
    guard let greatest = images.labels.max(), Int(greatest) < classNames.count else {
      throw DataError("\(other.name) should have the \(classNames.count) classes of \(name)")
    }
    return replacing(train: train, validation: try images.standardized(by: train.standardization))
  }

  /// Whether each class is a digit, a letter or a number: pictures that would be something else when they are mirrored.
  public var hasGlyphs: Bool {
    classNames.allSatisfy { name in
      Int(name) != nil || name.count == 1 && name.allSatisfy { $0.isLetter || $0.isNumber }
    }
  }
}
