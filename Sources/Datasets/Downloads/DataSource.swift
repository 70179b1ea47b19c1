import Files

/// A data set that can be downloaded: where its files are, and what proves that they are the published ones.
package struct DataSource: Sendable {
  /// A published file.
  package struct File: Sendable {
    package var name: String
    /// Its length in bytes.
    package var size: Int
    /// Its SHA-256 in hexadecimal digits.
    package var sha256: String
    /// The files to take out of it, where it is an archive; otherwise it is stored as it is.
    package var members: [String] = []

    package init(_ name: String, size: Int, sha256: String, members: [String] = []) {
      (self.name, self.size, self.sha256, self.members) = (name, size, sha256, members)
    }

    /// The names of the files that are stored.
    package var stored: [String] { members.isEmpty ? [name] : members }

    /// Whether these are the bytes of the file.
    package func isPublished(_ bytes: [UInt8]) -> Bool {
      bytes.count == size && SHA256.hexadecimal(of: bytes) == sha256
    }

    /// The files to store of the downloaded `bytes`. Throws a `DataError` where these are not the published ones.
    package func contents(of bytes: [UInt8]) throws(DataError) -> [(name: String, bytes: [UInt8])] {
      guard bytes.count == size else {
        throw DataError("\(name) should have \(size) bytes, and what was downloaded has \(bytes.count)")
      }
      let digest = SHA256.hexadecimal(of: bytes)
      guard digest == sha256 else {
        throw DataError("\(name) should have the SHA-256 \(sha256), and what was downloaded has \(digest)")
      }
      guard !members.isEmpty else { return [(name, bytes)] }
      do {
        let archive = try Gzip.inflate(bytes, limit: Self.greatestArchive)
        return try TarArchive.files(members, in: archive).map { ($0, $1) }
      } catch let error as Gzip.Failure {
        throw DataError("\(name) \(error.reason)")
      } catch let error as FileFailure {
        throw DataError("\(name) \(error.reason)")
      } catch {
        throw DataError("\(name) cannot be unpacked: \(error)")
      }
    }

    /// The most bytes of an unpacked archive: 1 GiB.
    private static let greatestArchive = 1 << 30
  }

  /// The name that `ImageDataset.named(_:)` knows.
  package var name: String
  /// What stands before the name of a file in its address.
  package var address: String
  package var files: [File]

  package init(name: String, address: String, files: [File]) {
    (self.name, self.address, self.files) = (name, address, files)
  }

  /// The data sets that have an address. Lengths and digests are those that TensorFlow Datasets publishes in
  /// `tensorflow_datasets/url_checksums`, and so are the addresses: the original ones but for MNIST, whose own server
  /// refuses downloads.
  package static let known = [mnist, fashionMNIST, cifar10, cifar100]

  private static let mnist = DataSource(
    name: "mnist", address: "https://storage.googleapis.com/cvdf-datasets/mnist/",
    files: [
      File(
        "train-images-idx3-ubyte.gz", size: 9_912_422,
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
      File(
        "train-labels-idx1-ubyte.gz", size: 28_881,
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
      File(
        "t10k-images-idx3-ubyte.gz", size: 1_648_877,
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      File(
        "t10k-labels-idx1-ubyte.gz", size: 4_542,
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ])

  private static let fashionMNIST = DataSource(
    name: "fashion-mnist", address: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    files: [
      File(
        "train-images-idx3-ubyte.gz", size: 26_421_880,
        sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
      File(
        "train-labels-idx1-ubyte.gz", size: 29_515,
        sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
      File(
        "t10k-images-idx3-ubyte.gz", size: 4_422_102,
        sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
      File(
        "t10k-labels-idx1-ubyte.gz", size: 5_148,
        sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ])

  private static let cifar10 = DataSource(
    name: "cifar10", address: "https://www.cs.toronto.edu/~kriz/",
    files: [
      File(
        "cifar-10-binary.tar.gz", size: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", members: CIFARFiles.ten.names)
    ])

  private static let cifar100 = DataSource(
    name: "cifar100", address: "https://www.cs.toronto.edu/~kriz/",
    files: [
      File(
        "cifar-100-binary.tar.gz", size: 168_513_733,
        sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec", members: CIFARFiles.hundred.names)
    ])
}
