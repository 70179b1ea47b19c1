import NeuralNetworks
import Tensors

/// The weights of a network's first layer as pictures: what it looks for in an image.
package struct FirstLayerFilters: Sendable {
  /// What the pictures show.
  package let note: String
  /// One for each filter or unit.
  package let pictures: [PagePicture]
  private let isLarge: Bool

  /// The filters of a first convolution over one or three channels, or the weights of each unit of a first dense layer
  /// over all pixels, at most `limit` of them. `nil` where the first layer is another.
  package init?(of model: any Layer, imageShape: Shape, limit: Int = 64) {
    guard imageShape.rank == 3,
      let first = model.parameters.first(where: { $0.name.hasSuffix("weight") || $0.parameter.shape.rank == 4 }),
      let values = try? first.parameter.tensor.cast(to: .float32).values()
    else { return nil }
    let shape = first.parameter.shape
    if shape.rank == 4, shape[1] == 1 || shape[1] == 3, shape[2] > 1 {
      let size = shape[1] * shape[2] * shape[3]
      note = """
        The \(shape[2]) × \(shape[3]) filters of \(first.name); each is scaled from its least weight, black, to its \
        greatest, white.
        """
      isLarge = false
      pictures = (0..<min(shape[0], limit)).compactMap { index in
        PagePicture(
          Array(values[index * size..<(index + 1) * size]), channels: shape[1], height: shape[2], width: shape[3],
          alternative: "filter \(index)")
      }
    } else if shape.rank == 2, shape[0] == imageShape.elementCount, imageShape[0] == 1 || imageShape[0] == 3 {
      note = """
        What each unit of \(first.name) weighs the pixels with, from its least weight, black, to its greatest, white.
        """
      isLarge = true
      pictures = (0..<min(shape[1], limit)).compactMap { unit in
        PagePicture(
          stride(from: unit, to: values.count, by: shape[1]).map { values[$0] }, channels: imageShape[0],
          height: imageShape[1], width: imageShape[2], alternative: "unit \(unit)")
      }
    } else {
      return nil
    }
  }

  package var html: HTML { PagePicture.grid(pictures, width: isLarge ? 80 : 52) }
}
