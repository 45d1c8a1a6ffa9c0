insert into authors (name, bio) values ('Ada', 'Wrote the first program'), ('Emmy', null);
insert into tags (name) values ('maths'), ('engines'), ('unused');
insert into posts (title, body, published, author_id)
    select 'Notes', 'On the engine', true, id from authors where name = 'Ada';
insert into posts (title, body, published, author_id)
    select 'Sketches', '', false, id from authors where name = 'Ada';
insert into post_tags (post_id, tag_id)
    select posts.id, tags.id from posts, tags where title = 'Notes' and name in ('maths', 'engines');
insert into comments (text, post_id) select 'Visionary!', id from posts where title = 'Notes';
