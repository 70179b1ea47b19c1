import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `report.html`: a run, or several side by side, as one page.
enum RunReport {
  /// The page of these runs.
  static func page(_ runs: [ReportedRun]) -> Page {
    var page = Page(title: title(runs), subtitle: subtitle(runs))
    SettingsSection.addResults(to: &page, runs)
    if runs.count > 1 { SettingsSection.addFlags(to: &page, runs) }
    CurvesSection.add(to: &page, runs)
    if runs.count == 1, let run = runs.first {
      if let reason = reason(run) { page.section("Examples", [.note("\(reason)")]) }
      ClassesSection.add(to: &page, run)
      RowsSection.add(to: &page, run)
      if let filters = run.filters { page.section("First-layer filters", note: "\(filters.note)", [filters.html]) }
      TextSection.add(to: &page, run)
      LayersSection.add(to: &page, run)
      NetworkSection.add(to: &page, run)
      SettingsSection.addFlags(to: &page, runs)
    }
    return page
  }

  /// Why the network has not looked at examples, where it has not.
  private static func reason(_ run: ReportedRun) -> String? {
    guard run.examination == nil else { return nil }
    if let note = run.note { return note }
    guard let record = run.record else { return nil }
    if record.ended == nil { return "What the network says about examples is added when training ends." }
    return record.error == nil ? nil : "Training failed, so the network has not looked at examples."
  }

  /// Writes the page atomically.
  static func write(_ runs: [ReportedRun], to url: URL) throws {
    do { try AtomicFile.replace(url, with: Data(page(runs).html.utf8)) } catch {
      throw WorkError("the report cannot be written: \(error)")
    }
  }

  private static func title(_ runs: [ReportedRun]) -> String {
    runs.count == 1 ? runs.first?.name ?? "" : "\(runs.count) runs"
  }

  private static func subtitle(_ runs: [ReportedRun]) -> HTML {
    guard runs.count == 1, let run = runs.first, let record = run.record else {
      return HTML.legend(runs.map(\.name))
    }
    let model = record.flags.all["model"] ?? record.kind.rawValue
    let data = record.flags.all["data"] ?? ""
    let state = record.ended == nil ? " · being trained" : record.error == nil ? "" : " · failed"
    return "\(model) on \(data) · \(ShownNumber.count(record.parameters)) parameters\(state)"
  }
}
