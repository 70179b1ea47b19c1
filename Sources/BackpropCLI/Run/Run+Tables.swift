import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Runs of tables: beside the network they have the preparation of the rows.
extension Run {
  func save(_ preparation: TablePreparation) throws {
    do {
      try AtomicFile.replace(file(Self.preparation), with: try JSON.pretty(preparation))
    } catch {
      throw WorkError("the preparation of the table cannot be saved: \(error)")
    }
  }

  /// The network with the preparation that it was trained with. Throws a `RequestError` where they do not fit.
  func loadTableModel() throws -> (
    description: TableModelDescription, model: any Layer, preparation: TablePreparation
  ) {
    try RequestError.whenFailing {
      let (description, model) = try TableModelDescription.load(from: path)
      let path = file(Self.preparation).path
      let preparation = try TablePreparation.read(from: path)
      guard preparation.numberCount == description.numbers, preparation.codeCounts == description.codeCounts,
        preparation.outputCount == description.outputs
      else {
        throw RequestError(
          "\(path) gives \(preparation.numberCount) numbers and \(preparation.codeCounts.count) categories for "
            + "\(preparation.outputCount) outputs, but the network was made for others; restore the file of its run")
      }
      return (description, model, preparation)
    }
  }
}
