// Kaldi's own readers, writers and conversions, called by name in its libraries, without its headers.
//
//   kaldi_copy full|compact full|compact b|t IN OUT
//
// copies an archive of the first kind to one of the second, in binary or text. With compact lattices as input, each
// line of standard output is a key and the frames of the states, as Kaldi counts them.
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace fst {
template <class T> class LatticeWeightTpl;
template <class W, class I> class CompactLatticeWeightTpl;
template <class W> class ArcTpl;
template <class A, class M = std::allocator<A>> class VectorState;
template <class A, class S = VectorState<A>> class VectorFst;
template <class A> class ExpandedFst;
template <class A> class MutableFst;
using Weight = LatticeWeightTpl<float>;
using LatticeArc = ArcTpl<Weight>;
using CompactArc = ArcTpl<CompactLatticeWeightTpl<Weight, int>>;
template <class W, class I>
void ConvertLattice(const ExpandedFst<ArcTpl<W>>&, MutableFst<ArcTpl<CompactLatticeWeightTpl<W, I>>>*, bool);
template <class W, class I>
void ConvertLattice(const ExpandedFst<ArcTpl<CompactLatticeWeightTpl<W, I>>>&, MutableFst<ArcTpl<W>>*, bool);
extern template void ConvertLattice<Weight, int>(const ExpandedFst<LatticeArc>&, MutableFst<CompactArc>*, bool);
extern template void ConvertLattice<Weight, int>(const ExpandedFst<CompactArc>&, MutableFst<LatticeArc>*, bool);
}  // namespace fst

using Lattice = fst::VectorFst<fst::LatticeArc>;
using CompactLattice = fst::VectorFst<fst::CompactArc>;

namespace kaldi {
bool ReadLattice(std::istream&, bool, Lattice**);
bool WriteLattice(std::ostream&, bool, const Lattice&);
bool ReadCompactLattice(std::istream&, bool, CompactLattice**);
bool WriteCompactLattice(std::ostream&, bool, const CompactLattice&);
int CompactLatticeStateTimes(const CompactLattice&, std::vector<int>*);
}  // namespace kaldi

// VectorFst derives from these, singly, so that its address is theirs.
template <class A> const fst::ExpandedFst<A>& expanded(const fst::VectorFst<A>* f) {
  return *reinterpret_cast<const fst::ExpandedFst<A>*>(f);
}
template <class A> fst::MutableFst<A>* mutable_(fst::VectorFst<A>* f) {
  return reinterpret_cast<fst::MutableFst<A>*>(f);
}
// An FST to be overwritten.
Lattice* any_lattice() {
  std::istringstream text("\n0\n\n");
  Lattice* lattice = nullptr;
  kaldi::ReadLattice(text, false, &lattice);
  return lattice;
}
CompactLattice* any_compact() {
  std::istringstream text("\n0\n\n");
  CompactLattice* lattice = nullptr;
  kaldi::ReadCompactLattice(text, false, &lattice);
  return lattice;
}

int main(int, char** argv) {
  const bool from_compact = std::string(argv[1]) == "compact", to_compact = std::string(argv[2]) == "compact";
  const bool binary = std::string(argv[3]) == "b";
  std::ifstream in(argv[4], std::ios::binary);
  std::ofstream out(argv[5], std::ios::binary);
  std::string key;
  while (in >> key) {
    if (in.peek() != '\n') in.get();
    const bool text = std::isspace(in.peek());
    Lattice* full = nullptr;
    CompactLattice* compact = nullptr;
    if (!(from_compact ? kaldi::ReadCompactLattice(in, !text, &compact) : kaldi::ReadLattice(in, !text, &full))) {
      std::cerr << "cannot read " << key << "\n";
      return 1;
    }
    if (from_compact) {
      std::vector<int> times;
      kaldi::CompactLatticeStateTimes(*compact, &times);
      std::cout << key;
      for (int time : times) std::cout << ' ' << time;
      std::cout << '\n';
    }
    if (from_compact && !to_compact) {
      fst::ConvertLattice<fst::Weight, int>(expanded(compact), mutable_(full = any_lattice()), true);
    } else if (!from_compact && to_compact) {
      fst::ConvertLattice<fst::Weight, int>(expanded(full), mutable_(compact = any_compact()), true);
    }
    out << key << ' ';
    if (to_compact) kaldi::WriteCompactLattice(out, binary, *compact);
    else kaldi::WriteLattice(out, binary, *full);
  }
}
