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

  /// Throws a `ModelError` that names the difference where the classes of a data set are not those of the network, in the
  /// same order. Those of a folder of IDX files have no names to compare.
  public func checkClasses(of dataset: ImageDataset) throws {
    let (own, other) = (classNames, dataset.classNames)
    guard !own.isEmpty, own != other, dataset.hasClassNames || own.count < other.count else { return }
    let missing = own.filter { !other.contains($0) }
    let unknown = other.filter { !own.contains($0) }
    var differences: [String] = []
    if !missing.isEmpty { differences.append("lacks \(Self.list(missing))") }
    if !unknown.isEmpty { differences.append("has \(Self.list(unknown)), which the network does not know") }
    if differences.isEmpty, let place = zip(own, other).enumerated().first(where: { $1.0 != $1.1 }) {
      differences.append(
        "has them in another order: class \(place.offset) is \(place.element.1) and should be \(place.element.0)")
    }
    throw ModelError(
      "\(dataset.name) should have the \(own.count) classes that the network was trained on, but it "
        + differences.joined(separator: " and "))
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
  }
}
