import itertools

import numpy as np
import pytest

from fsaasr.core.errors import GraphError
from fsaasr.core.symbols import SymbolTable
from fsaasr.graph import TOPOLOGIES, ContextTree, parse_context_tree, parse_topology
from fsaasr.graph.context_tree import Leaf, Split
from fsaasr.testing import random_context_tree

TEXT = """
tokens a b c
state a.1
  left in b
    a.1.1
  else
    right in a c
      a.1.2
    else
      a.1.3
state b.1
  b.1.1
state c.1
  right in c
    c.1.1
  else
    c.1.2
"""
NAMES = ("", "a", "b", "c")


def walk(node, left, right):
    """The number, within its tree, of the leaf that a context leads to: one question after another."""
    if isinstance(node, Leaf):
        return 0
    if (left if node.side == "left" else right) in node.tokens:
        return walk(node.yes, left, right)
    return leaves(node.yes) + walk(node.no, left, right)


def leaves(node):
    return 1 if isinstance(node, Leaf) else leaves(node.yes) + leaves(node.no)


def test_questions_lead_to_leaves():
    tree = parse_context_tree(TEXT)
    # Columns: a.1.1, a.1.2, a.1.3, b.1.1, c.1.1, c.1.2. Neighbour 0 is the end of the utterance: every answer is no.
    table = tree.table[..., 0]
    assert table[2, 1].tolist() == [0, 0, 0, 0]  # b before a
    assert table[0, 1].tolist() == table[3, 1].tolist() == [2, 1, 2, 1]
    assert table[1, 2].tolist() == [3, 3, 3, 3]
    assert table[1, 3].tolist() == [5, 5, 5, 4]
    assert (table[:, 0] == -1).all()


@pytest.mark.parametrize("seed", range(5))
def test_every_context_leads_to_the_leaf_that_its_answers_say(seed):
    tree = random_context_tree("abc", 2, np.random.default_rng(seed))
    first = np.concatenate([[0], np.cumsum(tree.sizes.ravel())])
    for (left, right), token, state in itertools.product(itertools.product(range(4), repeat=2), range(3), range(2)):
        leaf = walk(tree.roots[token][state], NAMES[left], NAMES[right])
        assert tree.table[left, token + 1, right, state] == first[2 * token + state] + leaf
    assert (tree.table[:, 1:] >= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_text_is_read_back(seed):
    tree = random_context_tree(["AA", "state", "else", "#x:"], 3, np.random.default_rng(seed))
    assert parse_context_tree(tree.to_text()) == tree
    topology = TOPOLOGIES["hmm3"].tied(tree)
    assert parse_topology(topology.name, topology.to_text()) == topology


def test_columns_know_token_and_state():
    topology = TOPOLOGIES["hmm1"].tied(parse_context_tree(TEXT))
    columns = topology.columns(SymbolTable("abc"))
    assert columns.names == ("a.1.1", "a.1.2", "a.1.3", "b.1.1", "c.1.1", "c.1.2")
    assert columns.token.tolist() == [1, 1, 1, 2, 3, 3]
    assert columns.state.tolist() == [1] * 6


def test_the_name_tells_trees_apart():
    one, other = (random_context_tree("abc", 1, np.random.default_rng(seed)) for seed in (0, 1))
    assert TOPOLOGIES["hmm1"].tied(one).name != TOPOLOGIES["hmm1"].tied(other).name
    assert TOPOLOGIES["hmm1"].tied(one) == TOPOLOGIES["hmm1"].tied(parse_context_tree(one.to_text()))


def test_a_tree_for_other_tokens_is_refused():
    with pytest.raises(GraphError, match="its tree is for 3 tokens"):
        TOPOLOGIES["hmm1"].tied(parse_context_tree(TEXT)).columns(SymbolTable("abcd"))


@pytest.mark.parametrize("topology", ["hmm3", "ctc", "ctc-compact"])
def test_a_topology_that_does_not_fit_is_refused(topology):
    with pytest.raises(GraphError, match=f"Topology.tied: '{topology}'"):
        TOPOLOGIES[topology].tied(parse_context_tree(TEXT))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("tokens a b c", "token a b c", "line 2: found 'token a b c', expected 'tokens'"),
        ("  right in a c", "  right of a c", "line 7: found 'right of a c', expected a question"),
        ("state b.1", "state d.1", "line 11: found state 'd.1'"),
        ("state b.1", "state b.2", "line 11: found state 'b.2'"),
        ("  else\n    c.1.2", "", "found 'the end', expected 'else'"),
        ("left in b", "left in d", "asks for 'd'"),
        ("state c.1\n", "", "line 13: found 'right in c', expected 'state'"),
    ],
)
def test_malformed_text_is_refused_by_line(old, new, problem):
    with pytest.raises(GraphError, match=problem):
        parse_context_tree(TEXT.replace(old, new, 1))


def test_trees_that_do_not_fit_the_tokens_are_refused():
    with pytest.raises(GraphError, match="1 groups of trees for 2 tokens"):
        ContextTree(("a", "b"), ((Leaf(),),))
    with pytest.raises(GraphError, match="of 0 trees or more"):
        ContextTree(("a", "b"), ((Leaf(),), ()))
    with pytest.raises(GraphError, match="asks for 'nothing'"):
        ContextTree(("a",), ((Split("left", (), Leaf(), Leaf()),),))
