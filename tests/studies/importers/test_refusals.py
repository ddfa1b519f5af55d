"""Every refusal prints an exact option; executed as it is printed, the file is read, or refused for another reason."""

# ruff: noqa: E501 - a row of a table is a case
from __future__ import annotations

import re
import shlex

import pytest

from qamro.studies.importers import Options, guess_and_read

CODED = "".join(f"c{n}.wav,r1,{(n % 5) + 1}\n" for n in range(9))
REFUSED: dict[str, str | bytes] = {
    "no clip": "rater,name of piece,score\nr1,x,4\nr2,y,5\nr1,x,1\n",
    "numbers only": "a,b,c\n1.5,2,3\n3,4,5\n2,2,2\n",
    "two unknown": "clip,foo,bar\na.wav,1,3\nb.wav,2,4\nc.wav,2,4\n",
    "one unknown": "clip,rater,foo\na.wav,r1,1.5\nb.wav,r1,2.7\nc.wav,r2,2.9\n",
    "many unknown": "clip,rater,alpha,beta,gamma,delta,zeta\na.wav,r1,1,2,3,4,5\nb.wav,r1,2,3,4,5,1\n",
    "systems or axes": "listener,item,foo,bar\nl1,u1,4,3\nl1,u2,5,2\nl2,u1,3,1\n",
    "clips in headers": "Subject,Age,Q1,Q2,Q3\nS1,22,4,3,5\nS2,33,3,2,4\n",
    "nested by system": '{"sysA": {"utt1": 4, "utt2": 3}, "sysB": {"utt1": 2, "utt2": 1}}',
    "a reference without an item": "Listener;Reference;Anchor;CodecA\nL1;100;12;66\nL2;98;20;70\n",
    "empty clip": "clip,rater,score\na.wav,r1,4\n,r1,3\nc.wav,r2,3\n",
    "empty axis": "clip,rater,axis,score\na.wav,r1,MI,4\nb.wav,r1,,3\nc.wav,r2,MI,3\n",
    "a code": "clip,rater,score\na.wav,r1,4\nb.wav,r1,-1\nc.wav,r2,3\nd.wav,r2,5\n",
    "two codes": "clip,rater,nat,sim\na.wav,r1,4,0\nb.wav,r1,3,99\na.wav,r2,2,4\nb.wav,r2,5,3\nc.wav,r1,-1,2\nc.wav,r2,1,5\n".replace("nat", "naturalness").replace("sim", "similarity"),
    "axes": "clip,axis,score\n" + "".join(f"a{n}.wav,x{n},3\n" for n in range(300)),
    "systems": "model,mos\nA,3\nB,4\nC,2\n",
    "a leaderboard": "Rank,Model,Arena Score,# Votes\n1,A,1253,214\n2,B,1143,497\n",
    "a vote": "system_a,system_b,winner\nA,B,A\nA,C,hmm\n",
    "CMOS": "system_a,system_b,item,cmos\nA,B,u1,-2\nA,B,u2,1\n",
    "0 and 1": "system_a,system_b,item,winner\nA,B,u1,0\nA,B,u2,1\n",
    "best-worst": "item_1,item_2,item_3,best,worst\n1,2,3,1,9\n1,2,3,1,2\n",
    "batch": "Input.foo,Answer.q,WorkerId\nx,3,w\ny,4,v\nz,4,v\n",
    "batch without inputs": "HITId,AssignmentId,WorkerId,s1_rating,s2_rating\nh,1,w,3,4\nh,2,v,2,5\n",
    "psychopy": "participant,piece,psychopyVersion,slider.response\np,1,x,3\np,2,x,4\n",
    "predictions": "clip,utmos\na.wav,3.1\nb.wav,2.2\n",
    "a mean and a model's answer": "clip,system,avg_score,answer\na.wav,A,2.25,2.137\nb.wav,B,1.5,1.422\n",
    "a word": "clip,rater,score\na.wav,r1,4\nb.wav,r1,oops\nc.wav,r2,3\n",
    "words": "clip,rater,score\na.wav,r1,great\nb.wav,r1,awful\nc.wav,r2,so so\n",
    "yes and no": "clip,rater,acceptable\na.wav,r1,yes\nb.wav,r1,no\na.wav,r2,yes\nb.wav,r2,yes\n",
    "a quoted word": "clip,rater,score\na.wav,r1,4\nb.wav,r1,it's\nc.wav,r2,3\n",
    "dates": "clip,rater,score\na.wav,r1,3-May\nb.wav,r1,4\nc.wav,r1,2-May\nd.wav,r1,5\n",
    "mixed decimals": "clip;rater;score\na.wav;r1;3,5\nb.wav;r1;4.0\nc.wav;r1;2.5\n",
    "percents and numbers": "clip,rater,score\na.wav,r1,80%\nb.wav,r1,0.4\nc.wav,r1,70%\n",
    "the header again": "clip,rater,score\na.wav,r1,4\nclip,rater,score\nb.wav,r2,3\n",
    "a doubled score": "clip,rater,score,score\na.wav,r1,3,4\nb.wav,r1,4,5\na.wav,r2,1,2\n",
    "a doubled score without raters": "clip,score,score\na.wav,4,3\nb.wav,2,1\nc.wav,2,1\n",
    "a score doubled by pandas": "clip,rater,rating,rating.1\na.wav,r1,3,4\nb.wav,r1,4,5\n",
    "a doubled clip": "clip,clip,rater,score\na.wav,x.wav,r1,3\nb.wav,y.wav,r1,4\na.wav,z.wav,r2,1\n",
    "a doubled rater": "clip,rater,rater,score\na.wav,r1,q1,3\nb.wav,r1,q2,4\na.wav,r2,q1,1\n",
    "short rows": "clip,rater,score,comment\na.wav,r1,3,ok\nb.wav,r1,4\na.wav,r2,1,hm\n",
    "long rows": "clip,rater,score,comment\na.wav,r1,3,ok\nb.wav,r1,4,well, not good\na.wav,r2,1,hm\n",
    "decimal commas without quotes": "clip,rater,score\na.wav,r1,3,5\nb.wav,r1,4,0\nc.wav,r1,2,5\n",
    "a count that is none": "clip,MOS,mean_of\na.wav,3.5,0\nb.wav,2.5,4\n",
    "Latin-1": "clip;Hörer;score\nä.wav;Jürgen;4\nb.wav;Jürgen;3\n".encode("cp1252"),
    "Shift-JIS": "ファイル名,評価者,評価\na.wav,太郎,4\nb.wav,太郎,3\n".encode("cp932"),
    "GBK": "文件名,评分者,评分\na.wav,张三,4\nb.wav,张三,3\n".encode("gbk"),
    "which of three sounds": "participant,A,B,C,score\np1,x.wav,y.wav,z.wav,4\np2,y.wav,x.wav,z.wav,3\n",
    "a paired comparison": "session_test_id,session_uuid,trial_id,choice_reference,choice_non_reference,choice_answer\nt,u,t1,R,C1,correct\nt,u,t2,R,C2,hmm\nt,v,t1,R,C1,incorrect\n",
    "numbered headers and others": "ResponseId,Stim_1,Stim_2,Right_1,Right_2\nR_1,4,3,1,0\nR_2,2,3,0,1\n",
}  # fmt: skip
_OPTION = re.compile(r"--(?P<name>[a-z-]+)(?:=| )(?P<value>(?:'[^']*'|\"[^\"]*\"|[^\s'\";])+)")
_NAMES = {"column", "rows", "answer", "missing", "scale", "encoding", "ragged", "delimiter", "axis", "header"}


def ways(problem: str) -> list[list[tuple[str, str]]]:
    """The ways out that a refusal prints: options that stand beside each other belong together."""
    found: list[list[tuple[str, str]]] = []
    end = -1
    for match in _OPTION.finditer(problem):
        value = shlex.split(match["value"].rstrip(".,)"))[0]
        assert match["name"] in _NAMES, match[0]
        if found and problem[end : match.start()] == " ":
            found[-1].append((match["name"], value))
        else:
            found.append([(match["name"], value)])
        end = match.start() + len(match[0].rstrip(".,)"))
    return found


def filled(way: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A way with numbers for what only a person knows."""
    return [
        (n, v.replace("NUMBER", str(k % 5 + 1)).replace("LOWEST..HIGHEST", "-9..999")) for k, (n, v) in enumerate(way)
    ]


def follow(path, said: list[tuple[str, str]], depth: int, seen: set[str]) -> bool:
    """Whether the options that are printed lead to a reading; fails where one is refused or changes nothing."""
    given: dict[str, list[str] | str] = {}
    for name, value in said:
        if name in ("encoding", "ragged", "delimiter", "axis"):
            given[name] = value
        else:
            given.setdefault(name, []).append(value)  # type: ignore[union-attr]
    study, _, problem = guess_and_read(path, Options.parse(**given))  # type: ignore[arg-type]
    if study is not None:
        assert len(study.ratings) or study.votes is not None
        return True
    plain = problem.replace(str(path), "FILE")
    assert "cannot be read: " not in problem, f"{said}: {problem}"
    assert plain not in seen, f"{said} changes nothing: {problem}"
    assert "change nothing" not in problem, f"{said}: {problem}"
    assert "there is no column" not in problem, f"{said}: {problem}"
    if depth == 0:
        return False
    offered = ways(plain)
    if "holds none" in plain:  # a way to say that there is nothing to read
        offered = [way for way in offered if not any(value.endswith("=note") for _, value in way)]
    if "--ragged drop leaves" in plain:
        offered = [way for way in offered if ("ragged", "drop") not in way]
    assert offered, f"{said}: no option in {problem}"
    found = [follow(path, [*said, *filled(way)], depth - 1, {*seen, plain}) for way in offered]  # every way is tried
    return any(found)


@pytest.mark.parametrize("kind", REFUSED)
def test_every_refusal_prints_options_that_help(tmp_path, kind):
    content = REFUSED[kind]
    path = tmp_path / ("f.json" if str(content)[0] == "{" else "f.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert guess_and_read(path)[0] is None
    assert follow(path, [], 3, set())
