/// What the header of a picture file says, its sides as they are stored.
struct PictureHeader: Hashable, Sendable {
  var height: Int
  var width: Int
  /// Whether it has no colors, only gray.
  var isGray: Bool
}
