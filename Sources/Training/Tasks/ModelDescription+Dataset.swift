import Datasets
import Models

extension ModelDescription {
  /// The image classifier of this name for the images and classes of a data set. Throws where `image(_:inputShape:)` does.
  public static func image(_ name: String, for dataset: ImageDataset) throws -> ModelDescription {
    try image(
      name, inputShape: dataset.imageShape, classes: dataset.classNames.count, classNames: dataset.classNames)
  }
}
