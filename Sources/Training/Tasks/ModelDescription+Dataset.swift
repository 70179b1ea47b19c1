import Datasets
import Models

extension ModelDescription {
  /// The image classifier of this name for the images and classes of a data set, and the way its pictures were prepared.
  /// Throws where `image(_:inputShape:)` does.
  public static func image(_ name: String, for dataset: ImageDataset) throws -> ModelDescription {
    var description = try image(
      name, inputShape: dataset.imageShape, classes: dataset.classNames.count, classNames: dataset.classNames)
    description.pictureFit = dataset.survey?.fit.rawValue
    return description
  }

  /// How a picture becomes the network's input: as in its training, or stretched to its size where it was not trained on
  /// pictures. Throws a `ModelError` where `pictureFit` is unknown.
  public var preparation: PicturePreparation {
    get throws {
      guard let fit = pictureFit.map(PictureFit.init(rawValue:)) ?? .stretch else {
        let known = PictureFit.allCases.map(\.rawValue).joined(separator: " or ")
        throw ModelError("pictureFit should be \(known), not '\(pictureFit ?? "")'")
      }
      try check()
      return PicturePreparation(
        channels: inputShape[0], size: PicturePreparation.Size(height: inputShape[1], width: inputShape[2]), fit: fit)
    }
  }

  /// The data set with the classes of the network, matched by their names, and the classes of which it has none. Those of
  /// a folder of IDX files have no names to compare.
  ///
  /// Throws a `ModelError` that names the classes of the data set that the network does not know, and where they come in
  /// another order: then either its names or its labels are not those of the training.
  public func matchingClasses(of dataset: ImageDataset) throws -> (dataset: ImageDataset, absent: [String]) {
    let (own, other) = (classNames, dataset.classNames)
    guard !own.isEmpty, own != other, dataset.hasClassNames || own.count < other.count else { return (dataset, []) }
    let unknown = other.filter { !own.contains($0) }
    guard unknown.isEmpty else {
      throw ModelError(
        "\(dataset.name) should have classes that the network was trained on, which are \(Self.list(own)), but it has "
          + "\(Self.list(unknown)), which the network does not know")
    }
    guard own.filter(other.contains) == other else {
      throw ModelError(
        "\(dataset.name) should have its classes in the order of the network's, which is \(Self.list(own)), not "
          + "\(Self.list(other))")
    }
    return (dataset.relabeled(own), own.filter { !other.contains($0) })
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }
}
