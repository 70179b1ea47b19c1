import Backprop

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Examination {
  /// Its pictures and the filters for TensorBoard, after `step` updates; `nil` where there are none.
  func event(step: Int, _ filters: FirstLayerFilters?) -> TensorBoardEvent? {
    guard case .classifier(let examination, _) = self else { return nil }
    var event = TensorBoardEvent(step: step, seconds: Date().timeIntervalSince1970)
    let mistakes = ClassesSection.pictures(ofMistakes: examination) { "\($0)" }
    for (kind, pictures) in [("mistakes", mistakes.prefix(12)), ("filters", (filters?.pictures ?? []).prefix(16))] {
      for (index, picture) in pictures.enumerated() {
        event.add(
          "\(kind)/\(index)", width: picture.width, height: picture.height, picture.channels, picture.pixels)
      }
    }
    return event
  }
}
