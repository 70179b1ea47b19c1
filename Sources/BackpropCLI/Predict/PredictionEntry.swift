/// What `predict --json` has for an image or for a row of a table.
struct PredictionEntry: Encodable {
  struct Label: Encodable {
    /// The name of the class.
    var label: String
    /// Its number, from 0.
    var index: Int
    var probability: Double
  }

  var file: String
  /// The row of a table, from 1, the header not counted.
  var row: Int?
  /// The label of an image, where it is known.
  var truth: String?
  /// The number, for regression.
  var prediction: Double?
  /// The classes, the most probable one first; none for regression.
  var predictions: [Label] = []
  /// Why there is no prediction.
  var error: String?
}
