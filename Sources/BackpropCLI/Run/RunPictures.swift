import Backprop
import Files

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `pictures.json`: what a run saw of a folder of pictures, and what it kept aside. Folders change, and a picture that was
/// trained on says nothing in a test.
struct RunPictures: Codable {
  static let file = "pictures.json"

  /// The ID of the run, which tells the file from one of an earlier run in its folder.
  var run: String?
  /// The pictures that were trained on or validated with, by their paths in the folder.
  private var seen: [String: ContentDigest] = [:]
  /// Those for the test.
  private var test: [String: ContentDigest] = [:]
  /// Pictures of another folder that were validated with.
  private var others: [ContentDigest] = []

  /// Of a folder, validated with all pictures of `other`, where there is one.
  init(_ folder: PictureSurvey, validatedBy other: PictureSurvey?) {
    for (part, files) in folder.files {
      for file in files {
        if part == .test { test[file.path] = file.digest } else { seen[file.path] = file.digest }
      }
    }
    others = (other?.files ?? [:]).values.joined().map(\.digest)
  }

  /// How a folder differs from what it was: each a clause of a sentence.
  func changes(in folder: PictureSurvey) -> [String] {
    let before = seen.merging(test) { first, _ in first }
    let now = Dictionary(folder.files.values.joined().map { ($0.path, $0.digest) }) { first, _ in first }
    return Set(before.keys).union(now.keys).sorted().compactMap { path -> String? in
      switch (before[path], now[path]) {
      case (nil, _): "\(path) is new"
      case (_, nil): "\(path) is gone"
      case (let old, let new): old == new ? nil : "\(path) is another picture"
      }
    }
  }

  /// The data with the test pictures that the run was not trained on. `isOwn` says that they are of the run's folder,
  /// of which all may be new, and not of another one, whose test set is left as it is. Notes what that means.
  ///
  /// Throws a `RequestError` where none is left.
  func testing(_ dataset: ImageDataset, isOwn: Bool) throws -> ImageDataset {
    guard let survey = dataset.survey else { return dataset }
    let trained = Set(others).union(seen.values)
    guard isOwn else {
      let count = (survey.files[.test] ?? []).count { trained.contains($0.digest) }
      if count > 0 {
        Console.log(
          "note: the run was trained on \(count.grouped) of the \("picture".counted(dataset.test.count)) of "
            + "\(dataset.name), which say little of other pictures")
      }
      return dataset
    }
    let tested = try dataset.testing { !trained.contains($0.digest) || test[$0.path] == $0.digest }
    let changes = changes(in: survey)
    guard tested.test.count > 0 else {
      throw RequestError("\(survey.folder) has no picture that the run was not trained on; name others with --data")
    }
    if !changes.isEmpty {
      Console.log(
        "note: \(survey.folder) has changed since the training (\(changes.sentenceList)); the test is on the "
          + "\("picture".counted(tested.test.count)) that the run was not trained on")
    }
    return tested
  }
}

extension Run {
  func write(_ pictures: RunPictures) throws {
    do { try AtomicFile.replace(file(RunPictures.file), with: try JSON.pretty(pictures)) } catch {
      throw WorkError("the list of the pictures cannot be saved: \(error)")
    }
  }

  /// The pictures of the run with this record; `nil` where it has none, as those of versions before 0.2.
  func readPictures(of record: RunRecord?) throws -> RunPictures? {
    do {
      let pictures = try JSONReading.file(RunPictures.self, at: file(RunPictures.file).path)
      return pictures.run == record?.id ? pictures : nil
    } catch {
      if error.isMissing { return nil }
      throw RequestError("\(file(RunPictures.file).path) \(error.reason)")
    }
  }
}
