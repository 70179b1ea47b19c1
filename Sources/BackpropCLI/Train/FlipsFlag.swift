import ArgumentParser

/// The value of `--flips`: whether varied images may be mirrored, which makes other signs of digits and letters.
enum FlipsFlag: String, ExpressibleByArgument, CaseIterable {
  case yes, no

  /// The default for images whose classes are digits or letters, or others.
  init(for hasGlyphs: Bool) { self = hasGlyphs ? .no : .yes }

  static let note = "note: the classes are digits or letters, so images are not flipped; --flips yes flips them"
}
