"""The exact difference between two revisions of a set of rules.

Rules match on a closed set of dimensions, each with finitely many values that any rule can tell
apart. So the difference can be found by trying them all, if it is done in the right order:

1. *Which rules can make a difference* (`changes`, `drift`): a rule that forbids and that is new,
   gone, or says something else; or on which another rule acts otherwise, by derogation or by a
   ruling; or whose words mean something else, because vocabulary or geography changed. All other
   rules give the same to both answers, and so do rules that come to the same by another name.
2. *What each of them adds alone* (`alone`, `surroundings`, `member_sets`): an answer is a join of
   what rules add, so it differs only where a rule adds something else. One rule tells few things
   apart: all of them are tried, whatever is not known. What is tried is bounded by its clauses,
   for reasons that these modules give.
3. *When* (`instants`): between two instants at which one of these changes nothing else does. What
   recurs (schedules, local days) is tried at its first edges in a stretch.
4. *Which values* (`values`, `geography`): for each dimension the names that these rules use, what
   lies above and below them, their absence, and what leaves them in doubt.
5. *Search* (`search`, `meetings`, `sights`): a question is built dimension by dimension; values
   that leave the same clauses open are one class, and a branch on which the changed rule can't be
   met is left. What open rules can't tell apart is one class. At the end both engines answer the
   question as asked, presumptions included.
6. *Whether it shows*. With all facts known everything is tried that the rules which can be met on
   the same places tell apart (`neighbours`, `inspections`). In doubt, for each way in which the
   rule adds something else, a question is looked for that all rules together answer differently
   (`witnesses`); if none is found at once, the rules that seem to hide it are looked at together
   with it, until one is found or it is proven that there is none (`revelations`, `concealment`),
   or beside one more connection (`additions`). What was not tried is said (`comparison`).
7. *Regions* (`regions`): what differs alike is merged over values and over time.
8. *Words* (`scopes`, `selections`, `localities`, `wording`): places and kinds are named as the rule
   names them, if that is what was found. What only stands for others is never told by its own
   name; what is lacking because other rules decide it is told as no more than that.

Requests of authorities for data are compared apart (`routes`): which parts of the law differ
(`provisions`), requests that meet what these name, one thing changed at a time (`inquiries`), both
routes of each (`route_turns`), and sentences (`route_wording`).

Two answers differ if the outcome, whether it is settled, or the missing facts differ. Reasons,
texts, conflicts and validity only tell why and how long.
"""
